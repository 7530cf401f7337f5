import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { mountExt4, mountTmpfs, mountsBelow } from '../support/mounts.ts';
import { run, runOrThrow } from '../support/processes.ts';

/** A file system that a test fills and frees. */
export interface FillableDisk {
  /** Leaves this many bytes free. */
  fill(freeBytes: number): Promise<void>;
  free(): Promise<void>;
}

/** Mounts a fresh one on an existing folder. `images` is a folder for the file of an ext4. */
export async function mountSmallDisk(
  kind: 'ext4' | 'tmpfs',
  folder: string,
  images: string,
): Promise<FillableDisk> {
  if (kind === 'tmpfs') await mountTmpfs(folder);
  else await mountExt4(join(images, 'small-disk'), folder, 120_000_000);
  return kind === 'tmpfs' ? fillableTmpfs(folder) : fillableByFile(folder);
}

/** The tmpfs that a folder is on. */
export function fillableTmpfs(folder: string): FillableDisk {
  const point = mountPointOf(folder);
  const resize = (size: string): Promise<unknown> =>
    runOrThrow('mount', ['-o', `remount,size=${size}`, point]);
  return {
    async fill(freeBytes) {
      const { blocks, bfree, bsize } = statfsSync(point);
      // A size of 0 means no limit.
      await resize(`${String(Math.ceil(((blocks - bfree) * bsize + freeBytes) / 1024) + 4)}k`);
    },
    free: () => resize('50%').then(() => undefined),
  };
}

function fillableByFile(folder: string): FillableDisk {
  const filler = join(folder, 'filler');
  return {
    async fill(freeBytes) {
      writeFileSync(filler, '');
      const { bavail, bsize } = statfsSync(folder);
      const length = Math.max(bsize, bavail * bsize - freeBytes);
      await run('fallocate', ['--length', String(length), filler]);
    },
    free() {
      rmSync(filler, { force: true });
      return Promise.resolve();
    },
  };
}

function mountPointOf(folder: string): string {
  const isPoint = mountsBelow(folder).includes(folder);
  return isPoint || folder === '/' ? folder : mountPointOf(dirname(folder));
}
