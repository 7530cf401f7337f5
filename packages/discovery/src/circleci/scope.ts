import { entriesOf, mappingAt, member, type YamlMapping, type YamlNode } from '../yaml/tree.ts';

/** Where names of jobs and executors are looked up: a configuration, or an orb that is written inside it. */
export interface Scope {
  readonly jobs: YamlMapping | undefined;
  readonly executors: YamlMapping | undefined;
  /** Inline orbs. Orbs of the registry are missing. */
  readonly orbs: ReadonlyMap<string, Scope>;
}

/** The names that `node`, a configuration or an orb, defines. @see CircleCI, "Author orbs: inline orbs" */
export function scopeOf(node: YamlNode): Scope {
  const orbs = entriesOf(member(node, 'orbs')).flatMap(([name, { value }]) =>
    value.kind === 'mapping' ? [[name, scopeOf(value)] as const] : [],
  );
  return { jobs: mappingAt(node, 'jobs'), executors: mappingAt(node, 'executors'), orbs: new Map(orbs) };
}

export interface Found {
  readonly definition: YamlMapping;
  /** The scope of the names inside the definition. */
  readonly scope: Scope;
}

/**
 * The definition of a job or executor; `foreign` in an orb that is not inline, undefined when it does not
 * exist.
 */
export function lookUp(
  name: string,
  kind: 'jobs' | 'executors',
  scope: Scope,
): Found | 'foreign' | undefined {
  const slash = name.indexOf('/');
  const inner = slash < 0 ? scope : scope.orbs.get(name.slice(0, slash));
  if (inner === undefined) return 'foreign';
  const definition = mappingAt(inner[kind], name.slice(slash + 1));
  return definition === undefined ? undefined : { definition, scope: inner };
}
