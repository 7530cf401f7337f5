import { appendFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { DrayError, reasonOf } from '@drayage/core';
import { shellQuote } from '@drayage/host';
import type { Host } from '../host.ts';

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
  const github = env['GITHUB_ENV'] ?? '';
  const isGithub = github !== '' && resolve(cwd, github) === resolve(cwd, file);
  const isDotenv = /^\.env(\.|$)|\.env$/.test(basename(file));
  return isGithub || isDotenv ? `DOCKER_HOST=${dockerHost}\n` : exportCommand(dockerHost);
}

/** Appends that line to a file. @throws DrayError `STORE_IO` */
export async function exportDockerHost(
  file: string,
  dockerHost: string,
  host: Pick<Host, 'env' | 'cwd'>,
): Promise<void> {
  try {
    await appendFile(file, exportLine(file, dockerHost, host));
  } catch (error) {
    throw new DrayError('STORE_IO', `cannot write DOCKER_HOST to ${file}: ${reasonOf(error)}`, {
      hint: 'Pass a writable file to --export.',
      cause: error,
    });
  }
}
