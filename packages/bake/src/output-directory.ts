import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DrayError, UsageError, reasonOf, systemErrorCode } from '@drayage/core';
import { dockerfileMark } from './dockerfile.ts';

/** Everything that a build context has at its top. */
const ownNames: readonly string[] = ['Dockerfile', 'packs', 'drayage'];

/**
 * Makes an empty directory for a build context; an earlier context is removed from it.
 * @throws UsageError `USAGE` when there is anything else in it, and nothing is removed then; DrayError `STORE_IO`
 */
export async function clearOutput(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    const names = await readdir(dir);
    if (names.length === 0) return;
    const foreign = names.filter((name) => !ownNames.includes(name));
    if (foreign.length > 0 || !(await isContext(dir))) throw occupied(dir);
    // The mark goes last: what is left of an interrupted removal is known too.
    for (const name of ['packs', 'drayage', 'Dockerfile']) {
      await rm(join(dir, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw error instanceof DrayError ? error : cannotWriteContext(dir, error);
  }
}

/** The error for a build context that the file system refuses. */
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
  return new UsageError('USAGE', `cannot write the build context to ${dir}: there are other files in it`, {
    hint: 'Give --output a new or an empty directory.',
  });
}
