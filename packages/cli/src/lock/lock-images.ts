import {
  createDirectoryBlobStore,
  createPool,
  firstExisting,
  formatPlatform,
  isAbsence,
  parseReference,
  planPrepull,
  type ErrorSummary,
  type ImagePlan,
  type Lock,
  type LockedImage,
  type Platform,
  type PrepullImage,
  type Source,
  type WantedImage,
} from '@drayage/core';
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
 * The images as they are now on each platform; manifests are read, so that a platform which an image does not have is told. What `before`
 * says of other platforms is kept for images that are still asked for.
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
  for (const platform of platforms) {
    const request = { images, source, platform, blobs, concurrency: config.concurrency, signal };
    const plan = await planPrepull<never>(request);
    for (const [position, { text }] of images.entries()) {
      const planned = plan.images[position];
      const locked = planned === undefined ? undefined : lockedImage(planned);
      const name = formatPlatform(platform);
      if (locked !== undefined) facts.get(text)?.set(name, locked);
      else if (planned?.error !== undefined) failures.push({ text, platform: name, error: planned.error });
    }
  }
  return { lock: { images: facts }, failures };
}

/** What each image is in its registry now. Only names are looked up, which no registry counts as a pull. @throws what the source throws */
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

function lockedImage({ state, reference, digest }: ImagePlan<never>): LockedImage | undefined {
  if (state === 'skipped') return 'absent';
  return digest === undefined ? undefined : { reference: parseReference(reference), digest };
}
