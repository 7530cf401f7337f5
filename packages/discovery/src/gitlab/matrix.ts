import { entriesOf, listOf, member, type YamlNode } from '../yaml/tree.ts';

/** More than GitLab runs of one job. */
const maxCombinations = 200;

/**
 * The variables of every instance that `parallel: matrix:` makes of a job; one instance without variables when there is none.
 * @see GitLab CI/CD YAML syntax reference, `parallel:matrix`
 */
export function matrixCombinations(fields: YamlNode): readonly ReadonlyMap<string, string>[] {
  const rows = listOf(member(fields, 'parallel', 'matrix'));
  const combinations = rows.flatMap((row) =>
    product(entriesOf(row).map(([name, { value }]) => [name, value])),
  );
  return combinations.length === 0 ? [new Map()] : combinations.slice(0, maxCombinations);
}

function product(axes: readonly (readonly [string, YamlNode])[]): readonly ReadonlyMap<string, string>[] {
  return axes.reduce<readonly ReadonlyMap<string, string>[]>(
    (combinations, [name, values]) =>
      listOf(values)
        .flatMap((value) =>
          value.kind === 'scalar'
            ? combinations.map((combination) => new Map([...combination, [name, value.text]]))
            : [],
        )
        .slice(0, maxCombinations),
    [new Map()],
  );
}
