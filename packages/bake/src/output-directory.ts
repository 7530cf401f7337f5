import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DrayError, UsageError, reasonOf, systemErrorCode } from '@drayage/core';
import { dockerfileMark } from './dockerfile.ts';

/** The top-level names of a build context. */
const ownNames: readonly string[] = ['Dockerfile', 'packs', 'drayage'];

/**
 * Makes an empty directory for a build context and removes an earlier context from it.
 * @throws UsageError `USAGE` if it contains anything else; nothing is removed then; DrayError `STORE_IO`
 */
export async function clearOutput(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    const names = await readdir(dir);
    if (names.length === 0) return;
    const foreign = names.filter((name) => !ownNames.includes(name));
    if (foreign.length > 0 || !(await isContext(dir))) throw occupied(dir);
    // The Dockerfile, which has the mark, goes last: the rest of an interrupted removal can still be
    // recognised.
    for (const name of ['packs', 'drayage', 'Dockerfile']) {
      await rm(join(dir, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw error instanceof DrayError ? error : cannotWriteContext(dir, error);
  }
}

/** The error for a build context that cannot be written. */
export function cannotWriteContext(dir: string, error: unknown): DrayError {
  const code = systemErrorCode(error) === 'ENOSPC' ? 'DISK_FULL' : 'STORE_IO';
  return new DrayError(code, `cannot write the build context to ${dir}: ${reasonOf(error)}`, {
    cause: error,
  });
}

async function isContext(dir: string): Promise<boolean> {
  try {
    return (await readFile(join(dir, 'Dockerfile'), 'utf8')).startsWith(dockerfileMark);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function occupied(dir: string): UsageError {
  return new UsageError('USAGE', `cannot write the build context to ${dir}: it contains other files`, {
    hint: 'Set --output to a new or empty directory.',
  });
}
