import { readFile } from 'node:fs/promises';
import { systemErrorCode } from '@drayage/core';
import { exitCodeFile, requireWorkspace } from '../steps/workspace.ts';
import type { CommandContext } from '../command.ts';

/** `dray ci check`. */
export async function runCiCheck(context: CommandContext): Promise<number> {
  const exitCode = await readExitCode(exitCodeFile(requireWorkspace(context)));
  if (exitCode !== 0)
    context.host.stderr.write(`dray: the pre-pull ended with exit code ${String(exitCode)}\n`);
  return exitCode;
}

/** 1 if the pre-pull step recorded no exit code. */
async function readExitCode(path: string): Promise<number> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    return /^\d{1,3}$/.test(text) ? Number(text) : 1;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 1;
    throw error;
  }
}
