import { lstat } from 'node:fs/promises';
import { shortDigest, type Digest } from '@drayage/core';
import type { MountablePack } from '@drayage/core/bundle';
import { incompatible } from './compatibility.ts';
import type { RecordedPack } from './state.ts';

/** The record of a pack, with the state in which its file was hashed, if it was. */
export function recordPack({ pack, file, proven = '' }: MountablePack, mountPoint: string): RecordedPack {
  const { digest, size } = pack.image;
  return { digest, size, filesystem: pack.filesystem, file, mountPoint, identity: proven };
}

/**
 * The packs that a data-root uses, at their current paths: those in `offered` replace recorded ones. Mounting
 * proves them.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE` naming a missing pack
 */
export async function relocatePacks(
  dataRoot: string,
  recorded: readonly RecordedPack[],
  offered: readonly MountablePack[],
): Promise<readonly RecordedPack[]> {
  const known = new Map<Digest, MountablePack>(offered.map((entry) => [entry.pack.image.digest, entry]));
  const found: RecordedPack[] = [];
  for (const pack of recorded) {
    const offer = known.get(pack.digest);
    if (offer === undefined) await requireFile(dataRoot, pack);
    found.push(offer === undefined ? pack : recordPack(offer, pack.mountPoint));
  }
  return found;
}

async function requireFile(dataRoot: string, { digest, file }: RecordedPack): Promise<void> {
  if ((await lstat(file).catch(() => undefined)) !== undefined) return;
  throw incompatible(
    dataRoot,
    `its images need pack ${shortDigest(digest)}, but file ${file} is missing`,
    'Pass the bundle with this pack as --bundle, or remove the data-root with "dray engine stop --purge".',
  );
}
