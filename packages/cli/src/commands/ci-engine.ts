import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes } from '../exit-codes.ts';
import { findRoot, shareEngine } from '../steps/root.ts';
import { exportPlace } from '../wiring/export-docker-host.ts';
import { runDray } from '../steps/run-dray.ts';
import { readTimeLimit } from '../steps/time-limit.ts';
import { foldersIn, requireWorkspace } from '../steps/workspace.ts';
import type { CommandContext } from '../command.ts';

/** `dray ci engine`. */
export function runCiEngine(context: CommandContext): Promise<number> {
  return engineStep(context, process.getuid?.() ?? 0);
}

/** `uid`: the job's user. */
export async function engineStep(context: CommandContext, uid: number): Promise<number> {
  const { config, host, signal } = context;
  const { key, bundles, ownBundle, reports } = requireWorkspace(context);
  const found = await foldersIn(bundles);
  if (found.length === 0)
    host.stderr.write(`dray: no bundle with the key ${key}: the engine starts without images\n`);
  const timeLimitMs = readTimeLimit(config.timeLimit, host);
  if (timeLimitMs === 'invalid') return exitCodes.usage;
  const root = await findRoot(config.sudo, uid, host.env);
  const exportFile = exportPlace(host.env);
  const { exitCode, stdout } = await runDray({
    args: ['engine', 'start', '--json'],
    env: {
      ...host.env,
      DRAY_BUNDLE: found.at(-1) ?? ownBundle,
      ...(exportFile === undefined ? {} : { DRAY_EXPORT: exportFile }),
    },
    ...{ cwd: host.cwd, stderr: host.ciCommands, root, timeLimitMs, signal },
  });
  await mkdir(reports, { recursive: true });
  await writeFile(join(reports, `engine-${key}.json`), stdout);
  if (exitCode === 0) await shareEngine(stdout, root);
  // A mistake in the settings fails the job, so that somebody sees it.
  if (exitCode === exitCodes.done || exitCode === exitCodes.usage) return exitCode;
  host.stderr.write(
    `dray: cannot start an engine (exit code ${String(exitCode)}); this job uses its existing engine\n`,
  );
  return config.strict ? exitCodes.notAvailable : exitCodes.done;
}
