import { RegistryError, UsageError, fixedCandidate, sameReference } from '@drayage/core';
import type { ImageCandidate, PrepullImage } from '@drayage/core';
import { driftText, findDrift } from './drift.ts';
import type { Lock } from './lock-file.ts';

/**
 * Pins the images to their digests in the lock for `platform` (`OS/ARCH[/VARIANT]`). Ignores other entries.
 * @throws UsageError `LOCK_DRIFT` that names every image that the lock does not cover
 */
export function pinImages(
  images: readonly PrepullImage[],
  lock: Lock,
  { platform, path }: { readonly platform: string; readonly path: string },
): readonly PrepullImage[] {
  const drifts = findDrift(lock, images, platform).filter(({ kind }) => kind !== 'not-wanted');
  if (drifts.length > 0) {
    throw new UsageError(
      'LOCK_DRIFT',
      `cannot take images from ${path}: ${drifts.map((drift) => driftText(drift).replace('  ', ' ')).join('; ')}`,
      {
        hint: `Run "dray lock --platforms ${platform}" and commit ${path}.`,
        details: { drifts },
      },
    );
  }
  return images.map((image) => ({ ...image, candidates: [pinnedCandidate(image, lock, platform)] }));
}

function pinnedCandidate({ text, candidates }: PrepullImage, lock: Lock, platform: string): ImageCandidate {
  const locked = lock.images.get(text)?.get(platform);
  if (locked === undefined || locked === 'absent') return absentCandidate(text);
  // An image requested by tag and digest keeps both.
  const full = { ...locked.reference, digest: locked.digest };
  const asked = candidates.find(({ reference }) => reference !== undefined && sameReference(reference, full));
  return fixedCandidate(asked?.reference ?? locked.reference, locked.digest);
}

function absentCandidate(text: string): ImageCandidate {
  const absent = new RegistryError(
    'REGISTRY_NOT_FOUND',
    `cannot find ${text}: it was absent when it was locked`,
  );
  return { text, locate: () => Promise.reject(absent) };
}
