import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../errors.ts';
import { throwIfAborted } from './abort.ts';
import { listPartials, type Partial } from './ingest.ts';
import { ownerState, parseOwnedName } from './owner.ts';
import { isRealDirectory } from './safe-file.ts';
import { storeIoError } from './store-error.ts';
import { workParent } from './work-directory.ts';

// A writer on another machine never pauses this long; its clock may differ from ours by minutes.
const elsewhereIdleMs = 60 * 60 * 1000;

export interface AbandonedFiles {
  /** Count of unfinished files deleted. */
  readonly count: number;
  readonly bytes: number;
}

/**
 * Deletes the unfinished files in the bundle `dir` whose writers are gone, and the temporary directories of
 * dead processes. @throws DrayError `STORE_IO`, `BUNDLE_UNSAFE`, `ABORTED`
 */
export async function removeAbandonedFiles(dir: string, signal?: AbortSignal): Promise<AbandonedFiles> {
  const partials = (await listPartials(dir)).filter(isAbandoned);
  for (const { path } of partials) {
    throwIfAborted(signal, 'remove unfinished files');
    await remove(path);
  }
  await removeDeadWorkDirectories(dir);
  return { count: partials.length, bytes: partials.reduce((sum, { size }) => sum + size, 0) };
}

function isAbandoned({ owner, idleMs }: Partial): boolean {
  return owner === 'none' || owner === 'dead' || (owner === 'elsewhere' && idleMs > elsewhereIdleMs);
}

async function removeDeadWorkDirectories(dir: string): Promise<void> {
  const parent = workParent(dir);
  if (!(await isRealDirectory(parent))) return;
  for (const name of await readdir(parent)) {
    const owner = parseOwnedName(name);
    if (owner !== undefined && ownerState(owner) === 'dead') await remove(join(parent, name));
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    // Another process removes the same files.
    if (systemErrorCode(error) !== 'ENOENT') throw storeIoError('delete', path, error);
  }
}
