import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { LineCounter, Pair, ParsedNode, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Findings } from '../findings.ts';
import type { SourceFile } from '../source-files.ts';
import { stepsOf, type WorkMeter } from '../work-meter.ts';
import { invalidYaml } from './invalid-yaml.ts';
import type { Place, YamlEntry, YamlMapping, YamlNode, YamlScalar } from './tree.ts';

export interface TreeOrigin {
  readonly source: SourceFile;
  readonly lines: LineCounter;
  readonly findings: Findings;
  readonly meter: WorkMeter;
}

// A few lines of nested aliases can stand for billions of nodes.
const maxNodes = 250_000;
const maxDepth = 400;

type Building = TreeOrigin & {
  /** Undefined while the anchored node itself is being built. */
  readonly anchors: Map<string, YamlNode | undefined>;
  readonly sizes: WeakMap<YamlNode, number>;
};

/** The tree of one document; undefined for an empty one. @throws DrayError `DISCOVERY_FAILED` */
export function buildTree(contents: ParsedNode | null, origin: TreeOrigin): YamlNode | undefined {
  if (contents === null) return undefined;
  const building: Building = { ...origin, anchors: new Map(), sizes: new WeakMap() };
  const root = build(contents, building, 0);
  origin.meter.spend(building.sizes.get(root) ?? 1, { place: root.place });
  return root;
}

function build(node: unknown, building: Building, depth: number): YamlNode {
  const place = placeOf(node, building);
  if (depth > maxDepth) throw invalidYaml(building.source, place.line, 'it is nested too deeply');
  if (isAlias(node)) return resolveAlias(node.source, place, building);
  const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
  if (anchor !== undefined) building.anchors.set(anchor, undefined);
  const built = buildPlain(node, place, building, depth);
  checkSize(built, building);
  if (anchor !== undefined) building.anchors.set(anchor, built);
  return built;
}

function buildPlain(node: unknown, place: Place, building: Building, depth: number): YamlNode {
  if (isMap(node)) return buildMapping(node, place, building, depth);
  if (isSeq(node)) {
    const items = node.items.map((item) => build(item, building, depth + 1));
    return { kind: 'sequence', items, place, tag: ownTag(node) };
  }
  if (isScalar(node)) return buildScalar(node, place, building);
  return { kind: 'scalar', text: '', isNull: true, place, textLine: place.line };
}

function buildScalar(node: Scalar, place: Place, { lines }: Building): YamlScalar {
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  const start = node.range?.[0] ?? 0;
  return {
    kind: 'scalar',
    text: scalarText(node),
    isNull: node.value === null || (node.type === 'PLAIN' && node.value === ''),
    place,
    textLine: lines.linePos(start).line + (isBlock ? 1 : 0),
    tag: ownTag(node),
  };
}

/** Plain scalars as they are written, since 3.10 is a tag and not a number. */
function scalarText(node: Scalar): string {
  if (typeof node.value === 'string') return node.value;
  if (node.value === null || node.value === undefined) return '';
  return node.source ?? JSON.stringify(node.value);
}

function buildMapping(node: YAMLMap, place: Place, building: Building, depth: number): YamlMapping {
  const own = new Map<string, YamlEntry>();
  const merged = new Map<string, YamlEntry>();
  for (const pair of node.items) {
    const key = keyOf(pair);
    const keyPlace = placeOf(pair.key, building);
    const value = build(pair.value ?? pair.key, building, depth + 1);
    if (key === '<<') addMerged(merged, value, keyPlace, building);
    else {
      if (own.has(key)) reportTwice(key, keyPlace, building);
      own.set(key, { key: keyPlace, value: pair.value === null ? nullAt(keyPlace) : value });
    }
  }
  // The mapping's own keys stand first, whatever the order in the file: they win.
  const inherited = [...merged].filter(([key]) => !own.has(key));
  return { kind: 'mapping', entries: new Map([...own, ...inherited]), place, tag: ownTag(node) };
}

/** @see YAML merge key type: of several mappings the earlier one wins */
function addMerged(merged: Map<string, YamlEntry>, value: YamlNode, place: Place, { meter }: Building): void {
  for (const source of value.kind === 'sequence' ? value.items : [value]) {
    if (source.kind !== 'mapping') continue;
    meter.spend(stepsOf.node * source.entries.size, { place });
    for (const [key, entry] of source.entries) if (!merged.has(key)) merged.set(key, entry);
  }
}

function keyOf({ key }: Pair): string {
  if (isScalar(key)) return scalarText(key);
  return JSON.stringify(key);
}

function nullAt(place: Place): YamlScalar {
  return { kind: 'scalar', text: '', isNull: true, place, textLine: place.line };
}

function reportTwice(key: string, place: Place, { findings }: Building): void {
  findings.addProblem({
    place,
    what: `key "${key}"`,
    reason: 'the mapping has this key twice, and only the last one counts',
    hint: 'Remove one of the two.',
    severity: 'warning',
  });
}

function resolveAlias(name: string, place: Place, { anchors, source }: Building): YamlNode {
  const target = anchors.get(name);
  if (target !== undefined) return target;
  const reason = anchors.has(name) ? `the alias *${name} contains itself` : `the file has no anchor &${name}`;
  throw invalidYaml(source, place.line, reason);
}

function checkSize(node: YamlNode, { sizes, source }: Building): void {
  const children =
    node.kind === 'sequence'
      ? node.items
      : node.kind === 'mapping'
        ? [...node.entries.values()].map(({ value }) => value)
        : [];
  const size = children.reduce((sum, child) => sum + (sizes.get(child) ?? 1), 1);
  if (size > maxNodes) {
    throw invalidYaml(source, node.place.line, `it expands to more than ${String(maxNodes)} nodes`);
  }
  sizes.set(node, size);
}

function placeOf(node: unknown, { source, lines }: Building): Place {
  const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : undefined;
  return { file: source.path, line: lines.linePos(range?.[0] ?? 0).line };
}

/** A tag that YAML itself does not define. */
function ownTag(node: Scalar | YAMLMap | YAMLSeq): string | undefined {
  return node.tag?.startsWith('!') === true ? node.tag : undefined;
}
