import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { DrayError, reasonOf, systemErrorCode } from '@drayage/core';
import { writeFileAtOnce } from '@drayage/host';
import { formatLock, parseLock, type Lock } from './lock-file.ts';

/** Where a lock is. */
export interface LockPath {
  readonly path: string;
  /** As people would write it from where they are. */
  readonly shown: string;
}

/** The lock that is asked for; else `dray.lock` in `dir`. */
export function lockPath(
  { lockFile }: { readonly lockFile: string | undefined },
  { cwd, dir }: { readonly cwd: string; readonly dir: string },
): LockPath {
  const path = lockFile === undefined ? join(resolve(cwd, dir), 'dray.lock') : resolve(cwd, lockFile);
  const shown = relative(cwd, path);
  return { path, shown: shown.startsWith(join('..', '..')) ? path : shown };
}

/** What a lock file says. @throws DrayError `LOCK_INVALID`, also when there is none */
export async function readLock(place: LockPath): Promise<Lock> {
  const lock = await findLock(place);
  if (lock !== undefined) return lock;
  throw new DrayError('LOCK_INVALID', `cannot read ${place.shown}: there is no such file`, {
    hint: 'Write it with "dray lock" and commit it.',
  });
}

/** What a lock file says; undefined when there is none. @throws DrayError `LOCK_INVALID` */
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

/** Replaces a lock file as a whole. @throws DrayError `STORE_IO` */
export async function writeLock({ path, shown }: LockPath, lock: Lock): Promise<void> {
  try {
    await writeFileAtOnce(path, formatLock(lock), 0o666);
  } catch (error) {
    throw new DrayError('STORE_IO', `cannot write ${shown}: ${reasonOf(error)}`, { cause: error });
  }
}
