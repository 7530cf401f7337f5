import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { DrayError, isDrayError, reasonOf, systemErrorCode } from '@drayage/core';
import { writeFileAtOnce } from '@drayage/host';
import { formatLock, parseLock, type Lock } from './lock-file.ts';

/** The location of a lock file. */
export interface LockPath {
  readonly path: string;
  /** The path for messages, relative to the working directory. */
  readonly shown: string;
}

/** The configured lock file; else `dray.lock` in `dir`. */
export function lockPath(
  { lockFile }: { readonly lockFile: string | undefined },
  { cwd, dir }: { readonly cwd: string; readonly dir: string },
): LockPath {
  const path = lockFile === undefined ? join(resolve(cwd, dir), 'dray.lock') : resolve(cwd, lockFile);
  const shown = relative(cwd, path);
  return { path, shown: shown.startsWith(join('..', '..')) ? path : shown };
}

/** Reads a lock file. @throws DrayError `LOCK_INVALID`, also if it does not exist */
export async function readLock(place: LockPath): Promise<Lock> {
  const lock = await findLock(place);
  if (lock !== undefined) return lock;
  throw new DrayError('LOCK_INVALID', `cannot read ${place.shown}: file not found`, {
    hint: 'Run "dray lock" and commit the file.',
  });
}

/** Reads a lock file; undefined if it does not exist. @throws DrayError `LOCK_INVALID` */
export async function findLock({ path, shown }: LockPath): Promise<Lock | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new DrayError('LOCK_INVALID', `cannot read ${shown}: ${reasonOf(error)}`, { cause: error });
  }
  return parseLock(text, shown);
}

/** Replaces a lock file atomically. @throws DrayError `STORE_IO`, `DISK_FULL` */
export async function writeLock({ path, shown }: LockPath, lock: Lock): Promise<void> {
  try {
    await writeFileAtOnce(path, formatLock(lock), 0o666);
  } catch (error) {
    if (isDrayError(error, 'DISK_FULL')) throw error;
    throw new DrayError('STORE_IO', `cannot write ${shown}: ${reasonOf(error)}`, { cause: error });
  }
}
