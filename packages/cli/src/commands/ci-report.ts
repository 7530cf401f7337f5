import { copyFile, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemErrorCode } from '@drayage/core';
import { exitCodes } from '../exit-codes.ts';
import { humanSize } from '../output/quantities.ts';
import { runDray } from '../steps/run-dray.ts';
import { foldersIn, requireWorkspace, type Workspace } from '../steps/workspace.ts';
import type { CommandContext } from '../command.ts';

/** `dray ci report`. */
export async function runCiReport(context: CommandContext): Promise<number> {
  const workspace = requireWorkspace(context);
  const { begun, bundles, reports, key } = workspace;
  await mkdir(reports, { recursive: true });
  for (const folder of await foldersIn(begun))
    await copyStatus(folder, join(reports, `begun-${key}-${basename(folder)}`));
  for (const bundle of await foldersIn(bundles)) {
    const name = join(reports, `bundle-${key}-${basename(bundle)}`);
    await copyStatus(bundle, name);
    await writeContent(bundle, `${name}.txt`, context);
  }
  context.host.stdout.write(await listing(workspace));
  return exitCodes.done;
}

/** A folder without a status document has nothing to copy. */
async function copyStatus(folder: string, name: string): Promise<void> {
  try {
    await copyFile(join(folder, 'dray-status.json'), `${name}.status.json`);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

async function writeContent(bundle: string, file: string, { host, signal }: CommandContext): Promise<void> {
  const { stdout } = await runDray({
    args: ['bundle', 'inspect', bundle],
    ...{
      env: host.env,
      cwd: host.cwd,
      stderr: host.ciCommands,
      root: undefined,
      timeLimitMs: undefined,
      signal,
    },
  });
  await writeFile(file, stdout);
  host.stdout.write(stdout);
}

async function listing({ reports }: Workspace): Promise<string> {
  const names = (await readdir(reports)).sort();
  const lines = await Promise.all(
    names.map(async (name) => `${name}  ${humanSize((await stat(join(reports, name))).size)}\n`),
  );
  return lines.join('');
}
