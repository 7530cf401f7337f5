import { stepsOf, type WorkMeter } from '../work-meter.ts';
import type { YamlEntry, YamlMapping, YamlNode } from './tree.ts';

/**
 * `over` laid on `base`: mappings are merged at every depth, anything else is replaced. `appended` names
 * the keys (top level only) whose sequences are joined. `!reset` removes a key and `!override` replaces a
 * whole mapping, as in compose.
 * @throws DrayError `DISCOVERY_FAILED` when the discovery takes too much work
 */
export function deepMerge(
  base: YamlMapping,
  over: YamlMapping,
  meter: WorkMeter,
  appended: readonly string[] = [],
): YamlMapping {
  meter.spend(stepsOf.node * (1 + base.entries.size + over.entries.size), { place: over.place });
  const entries = new Map<string, YamlEntry>(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    if (entry.value.tag === '!reset') entries.delete(key);
    else if (below === undefined) entries.set(key, entry);
    else {
      const value = mergeValues(below.value, entry.value, meter, appended.includes(key));
      entries.set(key, { key: entry.key, value });
    }
  }
  return { ...over, entries };
}

function mergeValues(base: YamlNode, over: YamlNode, meter: WorkMeter, isAppended: boolean): YamlNode {
  if (over.tag === '!override') return over;
  if (base.kind === 'mapping' && over.kind === 'mapping') return deepMerge(base, over, meter);
  if (isAppended && base.kind === 'sequence' && over.kind === 'sequence') {
    meter.spend(stepsOf.node * (base.items.length + over.items.length), { place: over.place });
    return { ...over, items: [...base.items, ...over.items] };
  }
  return over;
}
