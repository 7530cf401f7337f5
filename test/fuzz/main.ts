import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseOptions, usage, type CampaignOptions } from './options.ts';
import { formatFailure, formatTable, type TargetReport } from './report.ts';
import { createTargetRunner } from './run-target.ts';
import { targets } from './targets.ts';

const program = new URL('./worker.mjs', import.meta.url);

async function campaign({ seed, runs, seconds, only, path }: CampaignOptions): Promise<number> {
  const chosen = targets.filter(
    ({ name }) => only.length === 0 || only.some((start) => name.startsWith(start)),
  );
  if (chosen.length === 0)
    throw new Error(`no target has this name; there are ${targets.map(({ name }) => name).join(', ')}`);
  console.log(`seed ${seed}, ${chosen.length} targets`);
  const scratch = await mkdtemp(join(tmpdir(), 'drayage-fuzz-files-'));
  const runner = createTargetRunner(program, scratch);
  const ends = performance.now() + seconds * 1000;
  const reports: TargetReport[] = [];
  for (const [position, { name }] of chosen.entries()) {
    // What one target leaves over is for the others.
    const ms = Math.max(1, Math.round((ends - performance.now()) / (chosen.length - position)));
    const limits = { seed, path, runs, ms: Math.min(ms, 2 ** 31 - 1) };
    const report = { name, seed, ...(await runner.run(name, limits)) };
    reports.push(report);
    process.stdout.write(formatFailure(report));
  }
  await runner.close();
  await rm(scratch, { recursive: true });
  process.stdout.write(`\n${formatTable(reports)}`);
  return reports.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

try {
  process.exitCode = await campaign(parseOptions(process.argv.slice(2), randomInt(2 ** 31)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(usage);
  process.exitCode = 2;
}
