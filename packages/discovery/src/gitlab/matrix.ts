import type { DiscoveryContext } from '../context.ts';
import { stepsOf } from '../work-meter.ts';
import { entriesOf, listOf, member, type Place } from '../yaml/tree.ts';
import type { GitlabJob } from './jobs.ts';

/** GitLab refuses more instances of one job. */
const maxCombinations = 200;

type Combination = ReadonlyMap<string, string>;

/**
 * The variables of every instance that `parallel: matrix:` makes of a job; one instance without variables
 * when there is no matrix. A matrix of too many instances is a problem, and makes none.
 * @see GitLab CI/CD YAML syntax reference, `parallel:matrix`
 */
export function matrixCombinations(
  { name, fields, place }: GitlabJob,
  context: DiscoveryContext,
): readonly Combination[] {
  const combinations: Combination[] = [];
  for (const row of listOf(member(fields, 'parallel', 'matrix'))) {
    const axes = entriesOf(row).map(([axis, { key, value }]) => ({
      axis,
      place: key,
      texts: listOf(value).flatMap((item) => (item.kind === 'scalar' ? [item.text] : [])),
    }));
    const count = axes.reduce((product, { texts }) => product * texts.length, 1);
    if (combinations.length + count > maxCombinations) {
      const reason = `its matrix makes more than ${String(maxCombinations)} jobs; GitLab refuses that`;
      const hint = 'Make the matrix smaller.';
      context.findings.addProblem({ place, what: `job ${name}`, reason, hint });
      return [];
    }
    combinations.push(...product(axes, context));
  }
  return combinations.length === 0 ? [new Map()] : combinations;
}

interface Axis {
  readonly axis: string;
  readonly place: Place;
  readonly texts: readonly string[];
}

function product(axes: readonly Axis[], { meter }: DiscoveryContext): readonly Combination[] {
  return axes.reduce<readonly Combination[]>(
    (combinations, { axis, place, texts }) =>
      texts.flatMap((text) =>
        combinations.map((combination) => {
          meter.spend(stepsOf.node * (1 + combination.size), { place, variable: axis });
          return new Map([...combination, [axis, text]]);
        }),
      ),
    [new Map()],
  );
}
