import type { Issue, Place } from '../place.ts';
import { stepsOf, type WorkMeter } from '../work-meter.ts';

export type { Issue, Place };

interface Located {
  readonly place: Place;
  /** A tag that YAML does not define, such as `!reference`. */
  readonly tag?: string | undefined;
}

/** A scalar as it is written: `3.10` stays `3.10`. */
export interface YamlScalar extends Located {
  readonly kind: 'scalar';
  /** Without quotes; empty for null. */
  readonly text: string;
  readonly isNull: boolean;
  /** The line of the first character of the text; differs from the place for block scalars. */
  readonly textLine: number;
  readonly issues?: readonly Issue[] | undefined;
}

export interface YamlSequence extends Located {
  readonly kind: 'sequence';
  readonly items: readonly YamlNode[];
}

export interface YamlEntry {
  /** Where the key stands. */
  readonly key: Place;
  readonly value: YamlNode;
}

export interface YamlMapping extends Located {
  readonly kind: 'mapping';
  readonly entries: ReadonlyMap<string, YamlEntry>;
}

/** YAML with aliases and merge keys resolved, every part of which knows where it was written. */
export type YamlNode = YamlScalar | YamlSequence | YamlMapping;

/** A scalar that is not written in a file, at the place that it comes from. */
export function scalarAt(text: string, place: Place, issues?: readonly Issue[]): YamlScalar {
  const scalar = { kind: 'scalar' as const, text, isNull: false, place, textLine: place.line };
  return issues === undefined || issues.length === 0 ? scalar : { ...scalar, issues };
}

/** What stands under `path`; undefined when it is absent, null or taken away by compose's `!reset`. */
export function member(node: YamlNode | undefined, ...path: readonly string[]): YamlNode | undefined {
  const found = path.reduce<YamlNode | undefined>(
    (at, key) => (at?.kind === 'mapping' ? at.entries.get(key)?.value : undefined),
    node,
  );
  return found?.tag === '!reset' || (found?.kind === 'scalar' && found.isNull) ? undefined : found;
}

/** Like {@link member}, but undefined unless it is a mapping. */
export function mappingAt(node: YamlNode | undefined, ...path: readonly string[]): YamlMapping | undefined {
  const found = member(node, ...path);
  return found?.kind === 'mapping' ? found : undefined;
}

/** Like {@link member}, but undefined unless it is a scalar. */
export function scalarIn(node: YamlNode | undefined, ...path: readonly string[]): YamlScalar | undefined {
  const found = member(node, ...path);
  return found?.kind === 'scalar' ? found : undefined;
}

/** The text under `path`; undefined when it is absent, null, a list or a mapping. */
export function textIn(node: YamlNode | undefined, ...path: readonly string[]): string | undefined {
  return scalarIn(node, ...path)?.text;
}

/** The items of a sequence. A single value is a list of one; null and absent are an empty list. */
export function listOf(node: YamlNode | undefined): readonly YamlNode[] {
  if (node === undefined || (node.kind === 'scalar' && node.isNull)) return [];
  return node.kind === 'sequence' ? node.items : [node];
}

/** The members of a mapping in order; empty for anything else. */
export function entriesOf(node: YamlNode | undefined): readonly (readonly [string, YamlEntry])[] {
  return node?.kind === 'mapping' ? [...node.entries] : [];
}

/** A copy of `mapping` that holds only `keys`. */
export function pick(mapping: YamlMapping, keys: readonly string[]): YamlMapping {
  return { ...mapping, entries: new Map([...mapping.entries].filter(([key]) => keys.includes(key))) };
}

/** What {@link mapScalars} changes. */
export interface ScalarChanges {
  readonly scalar: (scalar: YamlScalar) => YamlNode;
  /** The new text of a key; keys stay as they are when absent. */
  readonly key?: ((key: string, place: Place) => string) | undefined;
}

/** A copy of `node` with all scalars, and texts of keys, changed. @throws DrayError `DISCOVERY_FAILED` */
export function mapScalars(node: YamlNode, changes: ScalarChanges, meter: WorkMeter): YamlNode {
  meter.spend(stepsOf.node, { place: node.place });
  if (node.kind === 'scalar') return changes.scalar(node);
  if (node.kind === 'sequence') {
    return { ...node, items: node.items.map((item) => mapScalars(item, changes, meter)) };
  }
  const changeKey = changes.key ?? ((key: string): string => key);
  const entries = [...node.entries].map(
    ([key, entry]) =>
      [
        changeKey(key, entry.key),
        { key: entry.key, value: mapScalars(entry.value, changes, meter) },
      ] as const,
  );
  return { ...node, entries: new Map(entries) };
}
