import type { Findings } from '../findings.ts';
import { stepsOf, type WorkMeter } from '../work-meter.ts';
import type { YamlNode } from '../yaml/tree.ts';
import type { ExtendedPipeline } from './extended-jobs.ts';

/** The pipeline that `!reference` looks into, after `extends`. */
export interface ReferenceScope {
  readonly pipeline: ExtendedPipeline;
  readonly findings: Findings;
  readonly meter: WorkMeter;
  /** The subject of problems. */
  readonly what: string;
}

const maxDepth = 10;

/**
 * The node with every `!reference [job, key, …]` in it replaced by its target; a list inside a list becomes
 * part of that list. A reference without a target is a problem and is removed.
 * @throws DrayError `DISCOVERY_FAILED` when references stand for too much
 * @see GitLab CI/CD, "!reference tags"
 */
export function resolveReferences(node: YamlNode, scope: ReferenceScope, depth = 0): YamlNode | undefined {
  scope.meter.spend(stepsOf.node, { place: node.place });
  if (node.tag === '!reference') return followReference(node, scope, depth);
  if (node.kind === 'scalar') return node;
  if (node.kind === 'sequence') {
    const items = node.items.flatMap((item) => {
      const resolved = resolveReferences(item, scope, depth);
      if (resolved === undefined) return [];
      return item.tag === '!reference' && resolved.kind === 'sequence' ? resolved.items : [resolved];
    });
    return { ...node, items };
  }
  const entries = [...node.entries].flatMap(([key, entry]) => {
    const value = resolveReferences(entry.value, scope, depth);
    return value === undefined ? [] : [[key, { key: entry.key, value }] as const];
  });
  return { ...node, entries: new Map(entries) };
}

function followReference(node: YamlNode, scope: ReferenceScope, depth: number): YamlNode | undefined {
  const path =
    node.kind === 'sequence' ? node.items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : [])) : [];
  const isTooDeep = depth >= maxDepth;
  const target = isTooDeep ? undefined : targetOf(path, scope, depth);
  if (target !== undefined) return resolveReferences(target, scope, depth + 1);
  const shown = `!reference [${path.join(', ').slice(0, 200)}]`;
  const reason = isTooDeep
    ? `is nested more than ${String(maxDepth)} deep, or in a circle`
    : 'has no target in this pipeline';
  const hint = 'Name a job and a key that this pipeline has.';
  scope.findings.addProblem({ place: node.place, what: scope.what, reason: `${shown} ${reason}`, hint });
  return undefined;
}

function targetOf(path: readonly string[], scope: ReferenceScope, depth: number): YamlNode | undefined {
  const [first, ...keys] = path;
  if (first === undefined) return undefined;
  const { pipeline, what } = scope;
  let at: YamlNode | undefined = pipeline.job(first, what) ?? pipeline.root.entries.get(first)?.value;
  for (const key of keys) {
    const outer: YamlNode | undefined =
      at?.tag === '!reference' ? resolveReferences(at, scope, depth + 1) : at;
    at = outer?.kind === 'mapping' ? outer.entries.get(key)?.value : undefined;
  }
  return at;
}
