import type { DiscoveryContext } from '../context.ts';
import { deepMerge } from '../yaml/deep-merge.ts';
import { listOf, member, type YamlMapping, type YamlNode } from '../yaml/tree.ts';

/** A pipeline whose jobs, hidden ones included, have `extends` merged in. */
export interface ExtendedPipeline {
  /** As it is written, before `extends`. */
  readonly root: YamlMapping;
  /**
   * The mapping of that name merged over its parents, with `!reference` tags still in it; undefined when
   * absent. `what` is the subject of problems.
   */
  job(name: string, what: string): YamlMapping | undefined;
}

// GitLab allows eleven levels.
const maxLevels = 11;

type Context = Pick<DiscoveryContext, 'findings' | 'meter'>;

/** Each job is merged once, however many extend it. @see GitLab CI/CD YAML syntax reference, `extends` */
export function extendPipeline(root: YamlMapping, context: Context): ExtendedPipeline {
  const known = new Map<string, YamlMapping>();

  function extend(name: string, chain: readonly string[], what: string): YamlMapping | undefined {
    const own = known.get(name) ?? root.entries.get(name)?.value;
    if (own?.kind !== 'mapping' || known.has(name)) return own?.kind === 'mapping' ? own : undefined;
    let merged: YamlMapping = { ...own, entries: new Map() };
    for (const parent of parentsOf(own, what, context)) {
      const fields = parentFields(parent, [...chain, name], what);
      if (fields !== undefined) merged = deepMerge(merged, fields, context.meter);
    }
    const extended = deepMerge(merged, own, context.meter);
    known.set(name, extended);
    return extended;
  }

  function parentFields(
    parent: YamlNode & { readonly kind: 'scalar' },
    chain: readonly string[],
    what: string,
  ): YamlMapping | undefined {
    const { text, place } = parent;
    const start = chain.indexOf(text);
    if (start >= 0) {
      reportCircle(chain.slice(start), root, context);
      return undefined;
    }
    if (chain.length >= maxLevels) {
      const reason = `extends has more than ${String(maxLevels)} levels, which GitLab refuses`;
      context.findings.addProblem({ place, what, reason, hint: 'Merge some of the levels.' });
      return undefined;
    }
    const fields = extend(text, chain, what);
    if (fields === undefined) {
      const reason = `the pipeline has no job "${text}" to extend`;
      const hint = 'Check the name; a job of an include that was not read is unknown here.';
      context.findings.addProblem({ place, what, reason, hint });
    }
    return fields;
  }

  return { root, job: (name, what) => extend(name, [], what) };
}

function parentsOf(
  fields: YamlMapping,
  what: string,
  { findings }: Context,
): readonly (YamlNode & { readonly kind: 'scalar' })[] {
  const wanted = member(fields, 'extends');
  if (wanted?.tag === '!reference') {
    const reason = 'extends cannot be a !reference: GitLab resolves references after extends';
    findings.addProblem({ place: wanted.place, what, reason, hint: 'Write the names of the jobs.' });
    return [];
  }
  return listOf(wanted).filter((parent) => parent.kind === 'scalar');
}

/** A circle is found from each of its jobs: reported from the first one, it is one problem. */
function reportCircle(circle: readonly string[], root: YamlMapping, { findings }: Context): void {
  const keys = [...root.entries.keys()];
  const positions = circle.map((name) => keys.indexOf(name));
  const first = positions.indexOf(Math.min(...positions));
  const ordered = [...circle.slice(first), ...circle.slice(0, first + 1)];
  const [start = ''] = ordered;
  findings.addProblem({
    place: root.entries.get(start)?.key ?? root.place,
    what: `job ${start}`,
    reason: `extends forms a circle: ${ordered.join(' → ')}`,
    hint: 'Remove one extends of the circle.',
  });
}
