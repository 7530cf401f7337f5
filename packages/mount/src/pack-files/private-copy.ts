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

/** A directory at the top of the bundle's file system. */
const nearbyName = '.drayage-packs';

const key = 'pack';

// A copy has a name only for the seconds until it is mounted.
const oldMs = 60 * 60 * 1000;

/**
 * Copies a file to a directory that only root can access, sharing blocks if the file system supports it, and
 * proves the copy. The copy has a name only until `close`: the mount keeps the file, and the kernel frees it
 * after the unmount.
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
  if (source === undefined) throw new DrayError('BLOB_MISSING', `cannot use ${file}: file not found`);
  try {
    const found = (await source.stat()).size;
    if (found !== size) {
      const reason = `it has ${String(found)} instead of ${String(size)} bytes`;
      throw new IntegrityError('SIZE_MISMATCH', `cannot use ${file}: ${reason}`, { details: { digest } });
    }
    // Copies from the descriptor, because the name may now lead to another file, or to one that blocks when
    // opened.
    const mode = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
    await copyFile(`/proc/self/fd/${String(source.fd)}`, path, mode);
  } finally {
    await source.close();
  }
}

/**
 * Removes copies of processes that died between copy and mount, from every directory that copies of `files`
 * would be in.
 */
export async function sweepPrivateCopies(files: readonly string[]): Promise<void> {
  const near = await Promise.all(files.map((file) => privateHome(file).catch(() => machineHome)));
  for (const home of new Set([machineHome, ...near])) await sweepHome(home);
}

/**
 * The directory for copies of a file: the machine's directory if it is on the same file system; else, if only
 * root can write there, the top directory of the file's file system, so that blocks can be shared; else the
 * machine's directory.
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
  throw new DrayError('STORE_IO', `cannot use directory ${home}: users other than root can access it`, {
    hint: `Remove ${home}; the next run creates it again.`,
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
 * For a process in another container or before a reboot, only the age of its copy shows that it is abandoned.
 */
async function isOld(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > oldMs;
}

function copyError(from: string, to: string, size: number, error: unknown): unknown {
  if (error instanceof DrayError) return error;
  if (systemErrorCode(error) !== 'ENOSPC') return storeIoError('write file', to, error);
  return new DrayError('DISK_FULL', `cannot copy ${from} to ${dirname(to)}: no space left`, {
    hint: `Free ${String(size)} bytes, or allow only root to write to the bundle.`,
    cause: error,
  });
}
