import { fromHex, hexOf, type Digest } from '@drayage/core';
import type { PackFilesystem } from '@drayage/core/bundle';
import type { PlacedFile } from '../pack-files/placed-file.ts';
import { parseMountinfo } from '@drayage/host';

/** A pack at a path that the engine's kernel can open. */
export interface PlacedPack extends PlacedFile {
  /** Digest of the pack file. */
  readonly digest: Digest;
  readonly filesystem: PackFilesystem;
  /** The layers listed in the pack's config. */
  readonly diffIds: readonly Digest[];
}

const places = '/run/drayage/live';

/**
 * The folder for the mounted packs of one containerd. Each has its own, because several can share a mount
 * namespace.
 */
export function packFolder(containerdUuid: string): string {
  return `${places}/${containerdUuid.replaceAll(/[^A-Za-z0-9-]/g, '').slice(0, 36)}`;
}

/** The mount point of a pack. */
export function packMountPoint(folder: string, pack: Digest): string {
  return `${folder}/${hexOf(pack)}`;
}

/** The directory of a layer in a mounted pack. */
export function layerTree(folder: string, pack: Digest, diffId: Digest): string {
  return `${packMountPoint(folder, pack)}/${hexOf(diffId)}`;
}

/** The packs that are mounted in a folder, according to `/proc/PID/mountinfo`. */
export function mountedPacks(folder: string, mountinfo: string): ReadonlySet<Digest> {
  const points = parseMountinfo(mountinfo).map(({ mountPoint }) => mountPoint);
  const names = points.filter((point) => point.startsWith(`${folder}/`));
  return new Set(
    names
      .map((point) => point.slice(folder.length + 1))
      .filter((name) => /^[a-f0-9]{64}$/.test(name))
      .map(fromHex),
  );
}
