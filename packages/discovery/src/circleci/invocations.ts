import { entriesOf, listOf, mappingAt, member, textIn, type Place, type YamlNode } from '../yaml/tree.ts';
import { substitute, type ParameterValues } from './parameters.ts';

/** One use of a job, with its arguments. */
export interface Invocation {
  /** As it is written: `build`, or `orb/build`. */
  readonly job: string;
  readonly place: Place;
  readonly args: ReadonlyMap<string, YamlNode>;
}

const maxCombinations = 128;

/**
 * Every use of a job in the workflows, matrices written out; without workflows that is the job `build`.
 * @see CircleCI configuration reference, "jobs in workflow", "matrix"
 */
export function invocations(config: YamlNode, pipeline: ParameterValues): readonly Invocation[] {
  const workflows = member(config, 'workflows');
  if (workflows === undefined) {
    const build = mappingAt(config, 'jobs')?.entries.get('build');
    return build === undefined ? [] : [{ job: 'build', place: build.key, args: new Map() }];
  }
  return entriesOf(workflows).flatMap(([, { value }]) =>
    listOf(member(value, 'jobs')).flatMap((item) => readInvocation(substitute(item, pipeline, 'pipeline.'))),
  );
}

function readInvocation(item: YamlNode): readonly Invocation[] {
  if (item.kind === 'scalar') return [{ job: item.text, place: item.place, args: new Map() }];
  return entriesOf(item).flatMap(([job, { key, value }]) => {
    if (textIn(value, 'type') === 'approval') return [];
    const args = new Map(entriesOf(value).map(([name, entry]) => [name, entry.value]));
    return combinations(member(value, 'matrix')).map((combination) => {
      const all = new Map([...args, ...combination]);
      const matrix = new Map([...combination].map(([name, node]) => [`matrix.${name}`, node]));
      return { job, place: key, args: mapValues(all, (node) => substitute(node, matrix, 'matrix.')) };
    });
  });
}

type Combination = ReadonlyMap<string, YamlNode>;

function combinations(matrix: YamlNode | undefined): readonly Combination[] {
  const axes = entriesOf(member(matrix, 'parameters'));
  const all = axes.reduce<readonly Combination[]>(
    (rows, [name, { value }]) =>
      listOf(value)
        .flatMap((item) => rows.map((row) => new Map([...row, [name, item]])))
        .slice(0, maxCombinations),
    [new Map()],
  );
  const excluded = listOf(member(matrix, 'exclude'));
  return all.filter((row) => !excluded.some((exclusion) => isSame(row, exclusion)));
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
