import { lstat } from 'node:fs/promises';
import { shortDigest, type Digest } from '@drayage/core';
import type { MountablePack } from '@drayage/core/bundle';
import { incompatible } from './compatibility.ts';
import type { RecordedPack } from './state.ts';

/** What is to be remembered of a pack: the state of its file is that in which somebody hashed it, if somebody has. */
export function recordPack({ pack, file, proven = '' }: MountablePack, mountPoint: string): RecordedPack {
  const { digest, size } = pack.image;
  return { digest, size, filesystem: pack.filesystem, file, mountPoint, identity: proven };
}

/**
 * The packs that a data-root stands on, where they are now: those of `offered` in place of what was recorded. Who mounts them proves them.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE` naming a pack that is gone
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
    `images in it stand on pack ${shortDigest(digest)}, whose file ${file} is gone`,
    'Give the bundle that holds it with --bundle, or remove the data-root with "dray engine stop --purge".',
  );
}
