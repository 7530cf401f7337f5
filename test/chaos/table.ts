import type { ScenarioResult } from './scenario.ts';

/** One line per scenario, with a head and a sum. */
export function formatResults(results: readonly ScenarioResult[]): string {
  const sum = (count: (result: ScenarioResult) => number): string =>
    String(results.reduce((total, result) => total + count(result), 0));
  return formatRows([
    ['scenario', 'tries', 'good', '', 'failures', 'seconds'],
    ...results.map(({ scenario, tries, failures, seconds }) => [
      scenario.name,
      String(tries),
      String(tries - failures.length),
      scenario.success,
      String(failures.length),
      seconds.toFixed(0),
    ]),
    [
      'all',
      sum(({ tries }) => tries),
      sum(({ tries, failures }) => tries - failures.length),
      '',
      sum(({ failures }) => failures.length),
      sum(({ seconds }) => Math.round(seconds)),
    ],
  ]);
}

function formatRows(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        /^\d+$/.test(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}
