import { appendFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { detectCiSystem } from '@drayage/ci';
import { DrayError, reasonOf } from '@drayage/core';
import { shellQuote } from '@drayage/host';
import { automatic } from '../config/ci-defaults.ts';
import type { Host } from '../host.ts';
import { runProgram } from '../run-program.ts';

const variable = 'DOCKER_HOST';

/** The line that sets DOCKER_HOST in a POSIX shell. Pure. */
export function exportCommand(dockerHost: string): string {
  return `export DOCKER_HOST=${shellQuote(dockerHost)}\n`;
}

/** The line that sets it in a file: NAME=value unless the file is a shell script. Pure. */
export function exportLine(
  file: string,
  dockerHost: string,
  { env, cwd }: Pick<Host, 'env' | 'cwd'>,
): string {
  const target = detectCiSystem(env).exportTo(env);
  const isOwn = target?.kind === 'file' && resolve(cwd, target.path) === resolve(cwd, file);
  const isDotenv = /^\.env(\.|$)|\.env$/.test(basename(file));
  const isAssignment = isOwn ? target.syntax === 'assignment' : isDotenv;
  return isAssignment ? `DOCKER_HOST=${dockerHost}\n` : exportCommand(dockerHost);
}

/**
 * Appends that line to a file; for `auto`, leaves the variable where the CI system reads it.
 * @throws DrayError `STORE_IO`
 */
export async function exportDockerHost(
  file: string,
  dockerHost: string,
  host: Pick<Host, 'env' | 'cwd' | 'ciCommands'>,
): Promise<void> {
  const target = file === automatic ? detectCiSystem(host.env).exportTo(host.env) : undefined;
  if (target?.kind === 'log') host.ciCommands.write(target.line(variable, dockerHost));
  else if (target?.kind === 'program')
    await runExport([...target.command, `${variable}=${dockerHost}`], host);
  else await appendLine(target?.path ?? file, dockerHost, host);
}

async function runExport(command: readonly string[], host: Pick<Host, 'env' | 'cwd'>): Promise<void> {
  try {
    await runProgram(command, '', host);
  } catch (error) {
    throw new DrayError('STORE_IO', `cannot export DOCKER_HOST to later steps: ${reasonOf(error)}`, {
      hint: 'Check that this job runs with a current buildkite-agent, or use eval "$(dray load)".',
      cause: error,
    });
  }
}

async function appendLine(file: string, dockerHost: string, host: Pick<Host, 'env' | 'cwd'>): Promise<void> {
  try {
    await appendFile(file, exportLine(file, dockerHost, host));
  } catch (error) {
    throw new DrayError('STORE_IO', `cannot write DOCKER_HOST to ${file}: ${reasonOf(error)}`, {
      hint: 'Pass a writable file to --export.',
      cause: error,
    });
  }
}

/**
 * The value of `--export` for later steps of this job; undefined if they get no variables. A path, if it is a
 * file: sudo removes BASH_ENV from the environment of the command.
 */
export function exportPlace(env: Host['env']): string | undefined {
  const target = detectCiSystem(env).exportTo(env);
  return target?.kind === 'file' ? target.path : target && automatic;
}
