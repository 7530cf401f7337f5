import type { Findings } from '../findings.ts';
import { mappingAt, type YamlMapping, type YamlNode } from '../yaml/tree.ts';

/** What `!reference` looks into. */
export interface ReferenceScope {
  /** The whole pipeline, before `extends`. */
  readonly root: YamlMapping;
  readonly findings: Findings;
  readonly what: string;
}

const maxDepth = 10;

/**
 * The node with every `!reference [job, key, …]` in it replaced by what it names; a list inside a list becomes part of that. One that
 * leads nowhere is a problem and goes away.
 * @see GitLab CI/CD, "!reference tags"
 */
export function resolveReferences(node: YamlNode, scope: ReferenceScope, depth = 0): YamlNode | undefined {
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
  const shown = `!reference [${path.join(', ')}]`;
  const key = path.at(-1) ?? '';
  const target = mappingAt(scope.root, ...path.slice(0, -1))?.entries.get(key)?.value;
  if (path.length === 0 || target === undefined || depth >= maxDepth) {
    const reason =
      depth >= maxDepth ? `is nested more than ${String(maxDepth)} deep, or in a circle` : 'leads nowhere';
    const hint = 'Name a job and a key that this pipeline has.';
    scope.findings.addProblem({ place: node.place, what: scope.what, reason: `${shown} ${reason}`, hint });
    return undefined;
  }
  return resolveReferences(target, scope, depth + 1);
}
