import { mkdir, open, readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DrayError, reasonOf, systemErrorCode } from '@drayage/core';
import { lastWords } from '@drayage/host';
import type { Holder } from '../lock/holder.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';
import type { StorageBackend } from './choose.ts';
import { freeBytes } from './probe.ts';
import { mountFile, tryOverlay } from './scripts.ts';

export interface StorageRequest {
  readonly holder: Holder;
  readonly places: EnginePaths;
  readonly backend: StorageBackend;
  /** Path of the disk image for loop-ext4. */
  readonly disk: string;
  /** Maximum size of a file system in a file or in memory (bytes); undefined: a share of the free space. */
  readonly sizeBytes: number | undefined;
  /** False: reuse what exists. */
  readonly isFresh: boolean;
}

const directoryMode = 0o711;

// The file is sparse: this limits its growth, and is not allocated.
const shareOfFreeSpace = 0.8;
const leastDiskBytes = 64 * 1024 * 1024;

// The kernel unmounts a moment after it releases the lock.
const detachTimeoutMs = 10_000;
const lookEveryMs = 25;

/**
 * Prepares the directory `data` of a private engine for its backend, in the holder's namespace, and tries the
 * kernel's overlay there.
 * @throws DrayError `STORAGE_UNAVAILABLE`; mounts end with the holder
 */
export async function prepareStorage(request: StorageRequest): Promise<void> {
  const { holder, places, backend, disk, sizeBytes, isFresh } = request;
  await mkdir(places.data, { recursive: true, mode: directoryMode });
  switch (backend) {
    case 'overlay2':
    case 'fuse-overlayfs':
    case 'vfs':
      return;
    case 'tmpfs': {
      const size = sizeBytes === undefined ? 'size=80%' : `size=${sizeBytes}`;
      const script = 'mount -t tmpfs -o "$1,mode=0711" drayage "$2"';
      await done(backend, holder.run(script, size, places.data));
      break;
    }
    case 'loop-ext4':
      if (isFresh) await makeDisk(holder, disk, sizeBytes);
      else await checkDisk(holder, disk);
      await done(backend, holder.run(mountFile, 'ext4', 'discard,noatime', disk, places.data));
  }
  await done(backend, holder.run(tryOverlay, places.data));
}

/**
 * Makes a sparse file with an ext4 file system. No journal: after a crash of the machine the images are
 * fetched again.
 */
async function makeDisk(holder: Holder, disk: string, sizeBytes: number | undefined): Promise<void> {
  const share = Math.floor((await freeBytes(dirname(disk))) * shareOfFreeSpace);
  const size = Math.max(sizeBytes ?? share, leastDiskBytes);
  const file = await open(disk, 'wx', 0o600);
  try {
    await file.truncate(size);
  } catch (error) {
    throw unavailable('loop-ext4', `a file of ${size} bytes: ${reasonOf(error)}`, error);
  } finally {
    await file.close();
  }
  const script = 'mkfs.ext4 -q -F -m 0 -O ^has_journal -E lazy_itable_init=1,nodiscard "$1"';
  await done('loop-ext4', holder.run(script, disk));
}

async function checkDisk(holder: Holder, disk: string): Promise<void> {
  await untilDetached(disk);
  // Exit code 1: errors were found and fixed.
  const script = 'command -v e2fsck >/dev/null || exit 0; e2fsck -p "$1"; [ $? -le 1 ]';
  await done('loop-ext4', holder.run(script, disk));
}

/**
 * Waits until no loop device uses the file, because two mounts for writing would destroy the file system.
 * Compares names, because its path may differ in another container.
 */
async function untilDetached(disk: string): Promise<void> {
  const deadline = performance.now() + detachTimeoutMs;
  while ((await backingFiles()).some((file) => basename(file) === basename(disk))) {
    if (performance.now() > deadline) throw unavailable('loop-ext4', `${disk} is still mounted elsewhere`);
    await pause(lookEveryMs);
  }
}

async function backingFiles(): Promise<readonly string[]> {
  const devices = await readdir('/sys/block').catch(() => []);
  const files = devices
    .filter((name) => name.startsWith('loop'))
    .map((name) => join('/sys/block', name, 'loop/backing_file'));
  return Promise.all(files.map(readLine));
}

async function readLine(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    // A device without a file lacks this attribute.
    if (systemErrorCode(error) !== undefined) return '';
    throw error;
  }
}

async function done(backend: StorageBackend, answer: ReturnType<Holder['run']>): Promise<void> {
  const result = await answer;
  if (result.exitCode === 0) return;
  throw unavailable(backend, lastWords(result) || `exit code ${result.exitCode}`);
}

function unavailable(backend: StorageBackend, reason: string, cause?: unknown): DrayError {
  return new DrayError('STORAGE_UNAVAILABLE', `cannot use storage backend ${backend}: ${reason}`, {
    hint: 'Omit --storage to use the best backend that works.',
    details: { backend, reason },
    cause,
  });
}
