import { entriesOf, listOf, mappingAt, member, textIn, type Place, type YamlNode } from '../yaml/tree.ts';
import type { DiscoveryContext } from '../context.ts';
import { stepsOf } from '../work-meter.ts';
import { substitute, type ParameterValues } from './parameters.ts';

/** One use of a job, with its arguments. */
export interface Invocation {
  /** As it is written: `build`, or `orb/build`. */
  readonly job: string;
  readonly place: Place;
  readonly args: ReadonlyMap<string, YamlNode>;
}

/** CircleCI runs no more jobs of one matrix. */
const maxCombinations = 128;

/**
 * Every use of a job in the workflows, with matrices expanded; without workflows the job `build`.
 * @see CircleCI configuration reference, "jobs in workflow", "matrix"
 */
export function invocations(
  config: YamlNode,
  pipeline: ParameterValues,
  context: DiscoveryContext,
): readonly Invocation[] {
  const workflows = member(config, 'workflows');
  if (workflows === undefined) {
    const build = mappingAt(config, 'jobs')?.entries.get('build');
    return build === undefined ? [] : [{ job: 'build', place: build.key, args: new Map() }];
  }
  return entriesOf(workflows).flatMap(([, { value }]) =>
    listOf(member(value, 'jobs')).flatMap((item) =>
      readInvocation(substitute(item, pipeline, context.meter, 'pipeline.'), context),
    ),
  );
}

function readInvocation(item: YamlNode, context: DiscoveryContext): readonly Invocation[] {
  if (item.kind === 'scalar') return [{ job: item.text, place: item.place, args: new Map() }];
  return entriesOf(item).flatMap(([job, { key, value }]) => {
    if (textIn(value, 'type') === 'approval') return [];
    const args = new Map(entriesOf(value).map(([name, entry]) => [name, entry.value]));
    const who = { place: key, what: `job ${job}` };
    return combinations(member(value, 'matrix'), who, context).map((combination) => {
      const all = new Map([...args, ...combination]);
      const matrix = new Map([...combination].map(([name, node]) => [`matrix.${name}`, node]));
      return {
        job,
        place: key,
        args: mapValues(all, (node) => substitute(node, matrix, context.meter, 'matrix.')),
      };
    });
  });
}

type Combination = ReadonlyMap<string, YamlNode>;

function combinations(
  matrix: YamlNode | undefined,
  who: { readonly place: Place; readonly what: string },
  { findings, meter }: DiscoveryContext,
): readonly Combination[] {
  let rows: readonly Combination[] = [new Map()];
  for (const [name, { value }] of entriesOf(member(matrix, 'parameters'))) {
    const values = listOf(value);
    if (rows.length * values.length > maxCombinations) {
      const reason = `the matrix makes more than ${String(maxCombinations)} jobs; CircleCI refuses that`;
      findings.addProblem({ ...who, reason, hint: 'Make several smaller matrices.' });
      return [];
    }
    rows = values.flatMap((item) =>
      rows.map((row) => {
        meter.spend(stepsOf.node * (1 + row.size), { place: item.place, variable: name });
        return new Map([...row, [name, item]]);
      }),
    );
  }
  const excluded = listOf(member(matrix, 'exclude'));
  return rows.filter((row) => !excluded.some((exclusion) => isSame(row, exclusion)));
}

function isSame(row: Combination, exclusion: YamlNode): boolean {
  const wanted = entriesOf(exclusion);
  return (
    wanted.length > 0 &&
    wanted.every(([name, { value }]) => {
      const own = row.get(name);
      return own?.kind === 'scalar' && value.kind === 'scalar' && own.text === value.text;
    })
  );
}

function mapValues(map: Combination, change: (node: YamlNode) => YamlNode): Combination {
  return new Map([...map].map(([name, node]) => [name, change(node)]));
}
