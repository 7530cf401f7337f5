import type { YamlEntry, YamlMapping, YamlNode } from './tree.ts';

/**
 * `over` laid on `base`: mappings are merged at every depth, anything else is replaced. Keys named in `appended` (top level only) have
 * their sequences joined. `!reset` takes a key away and `!override` replaces a mapping whole, as compose has it.
 */
export function deepMerge(
  base: YamlMapping,
  over: YamlMapping,
  appended: readonly string[] = [],
): YamlMapping {
  const entries = new Map<string, YamlEntry>(base.entries);
  for (const [key, entry] of over.entries) {
    const below = entries.get(key);
    if (entry.value.tag === '!reset') entries.delete(key);
    else if (below === undefined) entries.set(key, entry);
    else {
      const value = mergeValues(below.value, entry.value, appended.includes(key));
      entries.set(key, { key: entry.key, value });
    }
  }
  return { ...over, entries };
}

function mergeValues(base: YamlNode, over: YamlNode, isAppended: boolean): YamlNode {
  if (over.tag === '!override') return over;
  if (base.kind === 'mapping' && over.kind === 'mapping') return deepMerge(base, over);
  if (isAppended && base.kind === 'sequence' && over.kind === 'sequence') {
    return { ...over, items: [...base.items, ...over.items] };
  }
  return over;
}
