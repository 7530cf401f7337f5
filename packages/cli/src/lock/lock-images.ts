import { createDirectoryBlobStore } from '@drayage/core/bundle';
import {
  createPool,
  firstExisting,
  formatPlatform,
  isAbsence,
  summarizeError,
  throwIfAborted,
  type ErrorSummary,
  type Platform,
  type PrepullImage,
  type Source,
} from '@drayage/core';
import { readFromSource } from '@drayage/core/plan';
import type { Lock, LockedImage } from './lock-file.ts';
import type { WantedImage } from './drift.ts';
import type { Config } from '../options/option.ts';

/** An image that could not be locked. */
export interface NotLocked {
  readonly text: string;
  /** `OS/ARCH[/VARIANT]`. */
  readonly platform: string;
  readonly error: ErrorSummary;
}

export interface LockingOptions {
  readonly source: Source;
  readonly config: Pick<Config, 'bundle' | 'concurrency'>;
  readonly signal: AbortSignal;
}

/**
 * Locks the images as they are now on each platform. Reads manifests, so that a missing platform is a
 * failure. Keeps the entries of `before` for other platforms, if the image is still requested.
 */
export async function lockImages(
  images: readonly PrepullImage[],
  platforms: readonly Platform[],
  before: Lock,
  { source, config, signal }: LockingOptions,
): Promise<{ readonly lock: Lock; readonly failures: readonly NotLocked[] }> {
  const facts = new Map(images.map(({ text }) => [text, new Map(before.images.get(text))]));
  const failures: NotLocked[] = [];
  const blobs = createDirectoryBlobStore(config.bundle);
  const pool = createPool(config.concurrency);
  const lockOne = async (image: PrepullImage, platform: Platform): Promise<LockedImage | ErrorSummary> => {
    try {
      const reading = { source, platform, blobs, signal };
      const { reference, target } = await pool.run(() => readFromSource(reading, image), signal);
      return { reference, digest: target.digest };
    } catch (error) {
      throwIfAborted(signal, 'lock images');
      return image.optional && isAbsence(error) ? 'absent' : summarizeError(error);
    }
  };
  for (const platform of platforms) {
    const name = formatPlatform(platform);
    const locked = await Promise.all(
      images.map(async (image) => [image.text, await lockOne(image, platform)] as const),
    );
    for (const [text, result] of locked) {
      if (typeof result === 'object' && 'code' in result)
        failures.push({ text, platform: name, error: result });
      else facts.get(text)?.set(name, result);
    }
  }
  return { lock: { images: facts }, failures };
}

/**
 * Looks up the current digest of each image in its registry. Reads no manifest, so registries do not count a
 * pull.
 * @throws what the source throws
 */
export function lookUpImages(
  images: readonly PrepullImage[],
  { source, config, signal }: LockingOptions,
): Promise<readonly WantedImage[]> {
  const pool = createPool(config.concurrency);
  return Promise.all(
    images.map(async (image) => {
      const { text, optional } = image;
      return { text, optional, now: await pool.run(() => lookUp(image, source, signal), signal) };
    }),
  );
}

async function lookUp(image: PrepullImage, source: Source, signal: AbortSignal): Promise<LockedImage> {
  try {
    return await firstExisting(
      image,
      async ({ reference }) => ({ reference, digest: (await source.resolve(reference, signal)).digest }),
      signal,
    );
  } catch (error) {
    if (isAbsence(error)) return 'absent';
    throw error;
  }
}
