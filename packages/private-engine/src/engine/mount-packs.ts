import { mkdir, readdir, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DrayError, IntegrityError, hexOf, isDrayError, type Digest } from '@drayage/core';
import { checkPackRoot, type MountablePack } from '@drayage/core/bundle';
import {
  holdPack,
  losetupShowsInode,
  packOptions,
  readPackRoot,
  sameFileFunction,
  type HeldPack,
  type PackTrust,
} from '@drayage/mount';
import { lastWords } from '@drayage/host';
import { mountFile } from '../storage/scripts.ts';
import type { Holder } from '../lock/holder.ts';
import type { EnginePaths } from '../lock/engine-paths.ts';
import type { RecordedPack } from './state.ts';

/** The mount point of a pack for an engine with the classic store; links in its data-root lead there. */
export function classicMountPoint(places: EnginePaths, digest: Digest): string {
  return join(places.packs, hexOf(digest));
}

/** `mountFile`, then checks that the mounted file is `$5` (`DEVICE:INODE`). */
export const mountPack: string = `${sameFileFunction}
(${mountFile}) || exit
same_file "$4" "$3" "$5" || { umount "$4"; exit 1; }
`;

/**
 * Proves packs, unless their files are still in the recorded state, and mounts them in the holder's
 * namespace, read-only, with one loop device each. Rejects a pack that contains anything but the trees of its
 * layers; for packs that are not in `offered`, only checks that names are layer digests. Resolves with the
 * packs to record.
 * @throws DrayError `MOUNT_FAILED`, `PACK_INVALID`, `PACK_UNTRUSTED`, `DISK_FULL`; IntegrityError
 * `DIGEST_MISMATCH`, `SIZE_MISMATCH`; `ABORTED`
 */
export async function mountRecordedPacks(
  holder: Holder,
  packs: readonly RecordedPack[],
  offered: readonly MountablePack[],
  trust: PackTrust,
  signal: AbortSignal | undefined,
): Promise<readonly RecordedPack[]> {
  const layers = new Map(
    offered.map(({ pack }) => [pack.image.digest, pack.layers.map(({ diffId }) => diffId)]),
  );
  const mounted: RecordedPack[] = [];
  if (packs.length === 0) return mounted;
  const isInodeCompared = (await holder.run(losetupShowsInode)).exitCode === 0;
  for (const pack of packs) {
    const { file, digest, size, identity } = pack;
    const held = await holdPack({
      file,
      descriptor: { digest, size },
      proven: identity,
      trust,
      isInodeCompared,
      signal,
    }).catch(explain);
    try {
      await mountHeld(holder, pack, held);
      await held.confirm().catch(explain);
      const entries = await readPackRoot(holder.seen(pack.mountPoint));
      checkPackRoot({ pack: digest, entries, diffIds: layers.get(digest) });
      mounted.push({ ...pack, identity: held.state ?? '' });
    } catch (error) {
      await holder.run(removePoint, pack.mountPoint).catch(() => undefined);
      throw error;
    } finally {
      await held.release();
    }
  }
  return mounted;
}

async function mountHeld(
  holder: Holder,
  { filesystem, file, mountPoint }: RecordedPack,
  { path, identity }: HeldPack,
): Promise<void> {
  // Read through the holder, because the mount point may be on a file system that only the holder has
  // mounted.
  await mkdir(holder.seen(mountPoint), { recursive: true, mode: 0o700 });
  const result = await holder.run(mountPack, filesystem, packOptions, path, mountPoint, identity);
  if (result.exitCode === 0) return;
  const reason = lastWords(result) || `exit code ${result.exitCode}`;
  throw new DrayError('MOUNT_FAILED', `cannot mount pack ${file}: ${reason}`, {
    hint: `Run "modprobe loop ${filesystem}" on the host.`,
    details: { file, filesystem },
  });
}

function explain(error: unknown): never {
  if (!isDrayError(error, 'DIGEST_MISMATCH', 'SIZE_MISMATCH')) throw error;
  throw new IntegrityError(error.code, error.message, {
    hint: 'Fetch the bundle again; remove a data-root that uses the pack with "dray engine stop --purge".',
    cause: error,
    details: error.details,
  });
}

/** Also removes the parent directory if no other pack uses it. */
const removePoint = 'umount "$1"; rmdir "$1" && rmdir "${1%/*}"';

/** The mount points to which layers of a classic data-root link. */
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
