import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { systemErrorCode } from '../errors.ts';
import { throwIfAborted } from './abort.ts';
import { makeStoreDirectories } from './layout.ts';
import { ownedName, ownerState, parseOwnedName } from './owner.ts';
import { openRegularFile } from './safe-file.ts';
import { storeIoError } from './store-error.ts';

const pollMs = 20;

// A change takes milliseconds. A holder on another machine whose lock stays the same for this long is gone.
const patienceMs = 30_000;

/**
 * Runs `action` while no other process runs one for the bundle in `dir`. The lock is a file that names its
 * holder; a dead holder's lock is broken.
 * @throws DrayError `STORE_IO`, `DISK_FULL`, `BUNDLE_UNSAFE`, `ABORTED`; what `action` throws
 */
export async function withDocumentLock<T>(
  dir: string,
  action: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  await makeStoreDirectories(dir);
  const lock = join(dir, '.dray', 'index.lock');
  const name = ownedName('index');
  await acquire(lock, name, signal);
  try {
    return await action();
  } finally {
    await removeLockOf(name, lock);
  }
}

async function acquire(lock: string, name: string, signal: AbortSignal | undefined): Promise<void> {
  let seen: string | undefined;
  let since = performance.now();
  while (!(await tryCreate(lock, name))) {
    throwIfAborted(signal, `lock ${lock}`);
    const holder = await holderOf(lock);
    if (holder !== seen) [seen, since] = [holder, performance.now()];
    if (holder !== undefined && isGone(holder, performance.now() - since)) await removeLockOf(holder, lock);
    else await pause(pollMs * (0.5 + Math.random()));
  }
}

async function tryCreate(lock: string, name: string): Promise<boolean> {
  try {
    await writeFile(lock, name, { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw storeIoError('create file', lock, error);
  }
}

function isGone(name: string, unchangedMs: number): boolean {
  const owner = parseOwnedName(name);
  return (owner !== undefined && ownerState(owner) === 'dead') || unchangedMs > patienceMs;
}

/** Leaves the lock of another holder: it has broken ours, or was faster to break the same one. */
async function removeLockOf(name: string, lock: string): Promise<void> {
  if ((await holderOf(lock)) === name) await rm(lock, { force: true });
}

async function holderOf(lock: string): Promise<string | undefined> {
  const handle = await openRegularFile(lock);
  try {
    return await handle?.readFile('utf8');
  } catch (error) {
    throw storeIoError('read file', lock, error);
  } finally {
    await handle?.close();
  }
}
