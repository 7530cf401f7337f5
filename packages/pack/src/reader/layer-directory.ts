import { lstat } from 'node:fs/promises';
import { DrayError, hexOf, systemErrorCode } from '@drayage/core';
import type { OpenPackedLayer } from '@drayage/core/bundle';

/**
 * The directory of a layer that was extracted from its pack. Rejects a link in its place, which would lead to
 * files of this machine.
 * @throws DrayError `PACK_INVALID`
 */
export async function layerDirectory(
  { file, layer: { diffId } }: OpenPackedLayer,
  extracted: string,
): Promise<string> {
  const directory = `${extracted}/${hexOf(diffId)}`;
  const reason = await whyNoDirectory(directory);
  if (reason === undefined) return directory;
  throw new DrayError('PACK_INVALID', `cannot extract layer ${diffId} from pack ${file}: ${reason}`, {
    hint: 'Run "dray prepull --repack", and check who else can write to the bundle.',
    details: { diffId, file },
  });
}

async function whyNoDirectory(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isDirectory() ? undefined : 'its entry in the pack is not a directory';
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 'the pack does not contain it';
    throw error;
  }
}
