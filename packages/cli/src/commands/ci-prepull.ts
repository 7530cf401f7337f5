import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodes } from '../exit-codes.ts';
import { forgetRecord, settleRecord } from '../steps/failure-record.ts';
import { readTimeLimit } from '../steps/time-limit.ts';
import { runDray } from '../steps/run-dray.ts';
import { exitCodeFile, handoverKeyOfStep, requireWorkspace } from '../steps/workspace.ts';
import type { CommandContext } from '../command.ts';

/** `dray ci prepull`. */
export async function runCiPrepull(context: CommandContext): Promise<number> {
  const { host } = context;
  const workspace = requireWorkspace(context);
  const { ownBundle, reports, key, node } = workspace;
  await mkdir(ownBundle, { recursive: true });
  await mkdir(reports, { recursive: true });
  await forgetRecord(ownBundle);
  const exitCode = await prepullInto(ownBundle, context, join(reports, `prepull-${key}-${node}.json`));
  if (exitCode !== 0) {
    const message = `dray prepull ended with exit code ${String(exitCode)}, see the log of its job`;
    await settleRecord(ownBundle, message, host);
    host.stderr.write(
      `dray: the pre-pull ended with exit code ${String(exitCode)}; jobs that need the images pull them normally\n`,
    );
  }
  await writeFile(exitCodeFile(workspace), `${String(exitCode)}\n`);
  return exitCodes.done;
}

async function prepullInto(bundle: string, context: CommandContext, report: string): Promise<number> {
  const { config, host, signal } = context;
  const limit = readTimeLimit(config.timeLimit, host);
  if (limit === 'invalid') return exitCodes.usage;
  const { exitCode, stdout } = await runDray({
    args: ['prepull', '--json'],
    env: { ...host.env, DRAY_BUNDLE: bundle },
    handoverKey: handoverKeyOfStep(config),
    ...{ cwd: host.cwd, stderr: host.ciCommands, root: undefined, timeLimitMs: limit, signal },
  });
  await writeFile(report, stdout);
  return exitCode;
}
