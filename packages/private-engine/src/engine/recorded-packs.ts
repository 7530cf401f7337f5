import { stat } from 'node:fs/promises';
import { DrayError, IntegrityError, hashFile, shortDigest, systemErrorCode } from '@drayage/core';
import type { Digest, MountablePack } from '@drayage/core';
import { incompatible } from './compatibility.ts';
import type { RecordedPack } from './state.ts';

/** What is to be remembered of a pack whose file was just proven. @throws DrayError `BLOB_MISSING` */
export async function recordPack({ pack, file }: MountablePack, mountPoint: string): Promise<RecordedPack> {
  const identity = await fileIdentity(file);
  if (identity === undefined)
    throw new DrayError('BLOB_MISSING', `cannot mount pack ${pack.image.digest}: there is no file ${file}`);
  const { digest, size } = pack.image;
  return { digest, size, filesystem: pack.filesystem, file, mountPoint, identity };
}

/**
 * The packs that a data-root stands on, where they are now: those of `offered` (proven already) in place of what was recorded, the others
 * proven again unless their file was not touched since.
 * @throws DrayError `DATA_ROOT_INCOMPATIBLE` naming a pack that is gone; IntegrityError `DIGEST_MISMATCH`; `ABORTED`
 */
export async function relocatePacks(
  dataRoot: string,
  recorded: readonly RecordedPack[],
  offered: readonly MountablePack[],
  signal: AbortSignal | undefined,
): Promise<readonly RecordedPack[]> {
  const known = new Map<Digest, MountablePack>(offered.map((entry) => [entry.pack.image.digest, entry]));
  const found: RecordedPack[] = [];
  for (const pack of recorded) {
    const offer = known.get(pack.digest);
    found.push(
      offer === undefined
        ? await provePack(dataRoot, pack, signal)
        : await recordPack(offer, pack.mountPoint),
    );
  }
  return found;
}

async function provePack(
  dataRoot: string,
  pack: RecordedPack,
  signal: AbortSignal | undefined,
): Promise<RecordedPack> {
  const identity = await fileIdentity(pack.file);
  if (identity === undefined) {
    throw incompatible(
      dataRoot,
      `images in it stand on pack ${shortDigest(pack.digest)}, whose file ${pack.file} is gone`,
      'Give the bundle that holds it with --bundle, or remove the data-root with "dray engine stop --purge".',
    );
  }
  if (identity === pack.identity) return pack;
  const { digest } = await hashFile(pack.file, signal);
  if (digest === pack.digest) return { ...pack, identity };
  throw new IntegrityError('DIGEST_MISMATCH', `cannot mount ${pack.file}: its bytes hash to ${digest}`, {
    hint: 'Remove the data-root with "dray engine stop --purge", and fetch the bundle again.',
    details: { digest: pack.digest },
  });
}

/** Which file it is, and in which state: the time of its last change cannot be set. */
async function fileIdentity(file: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, ctimeNs].join(' ');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' || systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
