import type { TargetOutcome } from './target.ts';

/** A target and what its run found. */
export interface TargetReport extends TargetOutcome {
  readonly name: string;
  readonly seed: number;
}

const columns = ['target', 'tries', 'failures', 'seed'];

/** The table at the end of a campaign: one line for each target, and one for all. */
export function formatTable(reports: readonly TargetReport[]): string {
  const rows = reports.map(({ name, tries, failure, seed }) => [
    name,
    String(tries),
    failure === undefined ? '0' : '1',
    String(seed),
  ]);
  const tries = reports.reduce((sum, report) => sum + report.tries, 0);
  const failures = reports.filter(({ failure }) => failure !== undefined).length;
  const all = [columns, ...rows, ['all', String(tries), String(failures), '']];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const lines = all.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    ),
  );
  return lines.map((cells) => `${cells.join('  ').trimEnd()}\n`).join('');
}

/** A failure: the smallest input, the reason, and the command that repeats it. Empty without a failure. */
export function formatFailure({ name, seed, tries, failure }: TargetReport): string {
  if (failure === undefined) return '';
  const { input, reason, path } = failure;
  const way = path === undefined ? `--runs ${tries}` : `--path ${path}`;
  const repeat = `npm run fuzz -- --only ${name} --seed ${seed} ${way}`;
  return `\n${name} fails: ${reason}\n${input === undefined ? '' : `  input: ${input}\n`}  repeat: ${repeat}\n`;
}
