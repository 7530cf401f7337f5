import { mkdir, readdir, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DrayError, hexOf, type Digest } from '@drayage/core';
import { mountFile } from '../storage/scripts.ts';
import type { Holder } from '../lock/holder.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';
import type { RecordedPack } from './state.ts';

/** Where a pack is mounted for an engine with the classic store; links in its data-root lead there. */
export function classicMountPoint(places: EnginePaths, digest: Digest): string {
  return join(places.packs, hexOf(digest));
}

/** Mounts packs in the holder's namespace, read-only, one loop device each. @throws DrayError `MOUNT_FAILED` */
export async function mountRecordedPacks(holder: Holder, packs: readonly RecordedPack[]): Promise<void> {
  for (const { filesystem, file, mountPoint } of packs) {
    // Seen through the holder: the place may be on a file system that only it has mounted.
    await mkdir(holder.seen(mountPoint), { recursive: true, mode: 0o700 });
    const { exitCode, output } = await holder.run(mountFile, filesystem, 'ro', file, mountPoint);
    if (exitCode === 0) continue;
    const said = output.trim().split('\n').slice(-3).join('; ');
    throw new DrayError('MOUNT_FAILED', `cannot mount pack ${file}: ${said || `exit code ${exitCode}`}`, {
      hint: 'See whether the kernel has loop devices and this file system ("modprobe loop squashfs" on the host).',
      details: { file, filesystem },
    });
  }
}

/** The packs that some layer of a classic data-root still stands on: where its links lead. */
export async function neededPacks(
  places: EnginePaths,
  driverDirectory: string,
): Promise<ReadonlySet<string>> {
  const names = await readdir(driverDirectory).catch(() => []);
  const targets = await Promise.all(
    names.map((name) => readlink(join(driverDirectory, name, 'diff')).catch(() => '')),
  );
  return new Set(targets.map((target) => dirname(target)).filter((point) => dirname(point) === places.packs));
}
