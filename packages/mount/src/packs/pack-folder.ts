import { fromHex, hexOf, type Digest } from '@drayage/core';
import type { PackFilesystem } from '@drayage/core/bundle';
import type { PlacedFile } from '../pack-files/placed-file.ts';
import { parseMountinfo } from '@drayage/host';

/** A pack whose file the engine's kernel can open. */
export interface PlacedPack extends PlacedFile {
  /** Of the file. */
  readonly digest: Digest;
  readonly filesystem: PackFilesystem;
  /** The layers that its config lists. */
  readonly diffIds: readonly Digest[];
}

const places = '/run/drayage/live';

/** Where the packs of one containerd are mounted: a folder of its own, since several may run in one mount namespace. */
export function packFolder(containerdUuid: string): string {
  return `${places}/${containerdUuid.replaceAll(/[^A-Za-z0-9-]/g, '').slice(0, 36)}`;
}

/** Where a pack is mounted. */
export function packMountPoint(folder: string, pack: Digest): string {
  return `${folder}/${hexOf(pack)}`;
}

/** Where the tree of a layer is. */
export function layerTree(folder: string, pack: Digest, diffId: Digest): string {
  return `${packMountPoint(folder, pack)}/${hexOf(diffId)}`;
}

/** The packs that are mounted in a folder. */
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
