import type { Findings } from '../findings.ts';
import { deepMerge } from '../yaml/deep-merge.ts';
import { entriesOf, listOf, member, pick, type Place, type YamlMapping } from '../yaml/tree.ts';
import { resolveReferences } from './references.ts';

/** A job that may run, with what it extends merged in and references resolved. */
export interface GitlabJob {
  readonly name: string;
  readonly place: Place;
  readonly fields: YamlMapping;
}

/** @see GitLab CI/CD YAML syntax reference, "Global keywords" */
const globalKeywords: ReadonlySet<string> = new Set([
  'after_script',
  'before_script',
  'cache',
  'default',
  'image',
  'include',
  'services',
  'spec',
  'stages',
  'types',
  'variables',
  'workflow',
]);

const fieldsThatMatter = [
  'extends',
  'image',
  'inherit',
  'parallel',
  'rules',
  'services',
  'stage',
  'trigger',
  'variables',
];

/** The jobs of a pipeline, hidden ones left out. */
export function pipelineJobs(root: YamlMapping, findings: Findings): readonly GitlabJob[] {
  return entriesOf(root).flatMap(([name, { key, value }]) => {
    if (globalKeywords.has(name) || name.startsWith('.')) return [];
    const resolved =
      value.tag === '!reference' ? resolveReferences(value, { root, findings, what: name }) : value;
    if (resolved?.kind !== 'mapping') {
      findings.addProblem({
        place: key,
        what: `job ${name}`,
        reason: 'it is no mapping, and no keyword of GitLab',
        hint: 'Begin the name with a dot if it only holds an anchor.',
        severity: 'warning',
      });
      return [];
    }
    const fields = withExtended(name, { root, findings }, []);
    return fields === undefined ? [] : [{ name, place: key, fields }];
  });
}

interface Pipeline {
  readonly root: YamlMapping;
  readonly findings: Findings;
}

/** Deep merge of all parents in order, then the job itself. @see GitLab CI/CD YAML syntax reference, `extends` */
function withExtended(name: string, pipeline: Pipeline, chain: readonly string[]): YamlMapping | undefined {
  const { root, findings } = pipeline;
  const written = root.entries.get(name)?.value;
  if (written === undefined) return undefined;
  const what = `job ${chain[0] ?? name}`;
  const plain = written.kind === 'mapping' ? pick(written, fieldsThatMatter) : written;
  const own = resolveReferences(plain, { root, findings, what });
  if (own?.kind !== 'mapping') return undefined;
  let merged: YamlMapping = { ...own, entries: new Map() };
  for (const parent of listOf(member(own, 'extends'))) {
    if (parent.kind !== 'scalar') continue;
    const below = [...chain, name];
    const start = below.indexOf(parent.text);
    if (start >= 0) {
      reportCircle(below.slice(start), pipeline);
      continue;
    }
    const fields = withExtended(parent.text, pipeline, below);
    if (fields !== undefined) merged = deepMerge(merged, fields);
    else {
      const reason = `there is no job "${parent.text}" to extend`;
      const hint = 'Check the name; a job of an include that was not read is unknown here.';
      findings.addProblem({ place: parent.place, what, reason, hint });
    }
  }
  return deepMerge(merged, own);
}

/** The same circle is met from each of its jobs: told from the one that stands first, it is one problem. */
function reportCircle(circle: readonly string[], { root, findings }: Pipeline): void {
  const keys = [...root.entries.keys()];
  const positions = circle.map((name) => keys.indexOf(name));
  const first = positions.indexOf(Math.min(...positions));
  const ordered = [...circle.slice(first), ...circle.slice(0, first + 1)];
  const [start = ''] = ordered;
  findings.addProblem({
    place: root.entries.get(start)?.key ?? root.place,
    what: `job ${start}`,
    reason: `extends goes round in a circle: ${ordered.join(' → ')}`,
    hint: 'Take one extends of the circle away.',
  });
}
