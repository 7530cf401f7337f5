import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DrayError, IntegrityError, systemErrorCode, throwIfAborted } from '@drayage/core';
import {
  openProven,
  openRegularFile,
  ownedName,
  ownerState,
  parseOwnedName,
  storeIoError,
} from '@drayage/core/bundle';
import type { BlobInfo, ProvenFile } from '@drayage/core/bundle';
import { readWriteFacts } from './read-write-access.ts';
import { judgeWriteAccess } from './write-access.ts';

const machineHome = '/var/lib/drayage/packs';

/** In the top directory of the file system of a bundle. */
const nearbyName = '.drayage-packs';

const key = 'pack';

// A copy has a name for the seconds between its beginning and its mount.
const oldMs = 60 * 60 * 1000;

/**
 * Copies a file to where only root can read and write it, shares its blocks where the file system can, and
 * proves the copy. The copy has a name only until `close`: the mount keeps the file, and when that goes, the
 * kernel frees it.
 * @throws DrayError `BLOB_MISSING`, `BUNDLE_UNSAFE`, `DISK_FULL`, `STORE_IO`, `DIGEST_MISMATCH`,
 * `SIZE_MISMATCH`, `ABORTED`
 */
export async function copyPrivately(
  file: string,
  descriptor: BlobInfo,
  signal: AbortSignal | undefined,
): Promise<ProvenFile> {
  const home = await privateHome(file);
  await makeHome(home);
  await sweepHome(home);
  throwIfAborted(signal, `copy ${file}`);
  const path = join(home, ownedName(key));
  const remove = (): Promise<void> => rm(path, { force: true });
  try {
    await copyBytes(file, path, descriptor);
    const copy = await openProven({ file: path, descriptor, signal });
    return { ...copy, state: copy.state, close: () => copy.close().finally(remove) };
  } catch (error) {
    await remove();
    throw copyError(file, path, descriptor.size, error);
  }
}

async function copyBytes(file: string, path: string, { digest, size }: BlobInfo): Promise<void> {
  const source = await openRegularFile(file);
  if (source === undefined) throw new DrayError('BLOB_MISSING', `cannot use ${file}: it is not there`);
  try {
    const found = (await source.stat()).size;
    if (found !== size) {
      const reason = `it has ${String(found)} instead of ${String(size)} bytes`;
      throw new IntegrityError('SIZE_MISMATCH', `cannot use ${file}: ${reason}`, { details: { digest } });
    }
    // By its descriptor: the name may lead to another file by now, or to one whose opening blocks.
    const mode = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
    await copyFile(`/proc/self/fd/${String(source.fd)}`, path, mode);
  } finally {
    await source.close();
  }
}

/**
 * Removes copies whose processes have died between the copy and the mount, from all places where copies of
 * `files` would be.
 */
export async function sweepPrivateCopies(files: readonly string[]): Promise<void> {
  const near = await Promise.all(files.map((file) => privateHome(file).catch(() => machineHome)));
  for (const home of new Set([machineHome, ...near])) await sweepHome(home);
}

/**
 * Where copies of a file go: to the machine's place if it is on the same file system, else into the top
 * directory of the file's own, so that blocks can be shared, provided that only root can write there; else to
 * the machine's place all the same.
 */
async function privateHome(file: string): Promise<string> {
  const directory = dirname(file);
  const { dev } = await stat(directory);
  if (dev === (await deviceOf(machineHome))) return machineHome;
  let top = directory;
  while (top !== dirname(top) && (await stat(dirname(top))).dev === dev) top = dirname(top);
  const facts = await readWriteFacts({ file: top, sudoUid: undefined, isInodeCompared: false });
  return judgeWriteAccess(facts).kind === 'trusted' ? join(top, nearbyName) : machineHome;
}

async function deviceOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.dev ?? deviceOf(dirname(path));
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storeIoError('create directory', home, error);
  }
  const stats = await lstat(home);
  if (stats.isDirectory() && stats.uid === 0 && (stats.mode & 0o077) === 0) return;
  throw new DrayError('STORE_IO', `cannot use directory ${home}: others than root can use it`, {
    hint: `Remove ${home}, which is made anew.`,
  });
}

async function sweepHome(home: string): Promise<void> {
  for (const name of await readdir(home).catch(() => [])) {
    const owner = parseOwnedName(name);
    if (owner?.key !== key) continue;
    const state = ownerState(owner);
    if (state === 'dead' || (state === 'elsewhere' && (await isOld(join(home, name)))))
      await rm(join(home, name), { force: true });
  }
}

/**
 * Of a process in another container, or before the machine last started, only the age of its copy tells that
 * it is over.
 */
async function isOld(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > oldMs;
}

function copyError(from: string, to: string, size: number, error: unknown): unknown {
  if (error instanceof DrayError) return error;
  if (systemErrorCode(error) !== 'ENOSPC') return storeIoError('write file', to, error);
  return new DrayError('DISK_FULL', `cannot copy ${from} to ${dirname(to)}: no space left`, {
    hint: `Make room for ${String(size)} bytes, or let only root write to the bundle.`,
    cause: error,
  });
}
