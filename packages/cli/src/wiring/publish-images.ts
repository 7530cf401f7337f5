import { DrayError, UsageError, familiarReference, type PrepullReport } from '@drayage/core';
import { readBundleIndex, type BundleEntry } from '@drayage/core/bundle';
import { readBlobBytes } from '@drayage/core/image';
import type { Progress } from '../output/progress.ts';
import type { Config } from '../options/option.ts';
import type { Handover } from './handover.ts';

/** An image, and what to pull instead of it. */
export interface PublishedImage {
  readonly reference: string;
  /** `HOST/REPOSITORY:TAG`. */
  readonly name: string;
}

/** A handover location that can make images available to engines. */
type PublishingHandover = Handover & Required<Pick<Handover, 'publishImage'>>;

/** True with --as-images. @throws UsageError `USAGE` where that cannot be */
export function canPublish(
  { asImages, form }: Config,
  handover: Handover | undefined,
): handover is PublishingHandover {
  if (!asImages) return false;
  if (handover?.publishImage === undefined) {
    throw new UsageError('USAGE', 'cannot push images: --as-images needs a registry as handover location', {
      hint: 'Pass --handover oci://HOST/REPOSITORY, or remove --as-images.',
    });
  }
  if (form !== 'packs') return true;
  throw new UsageError('USAGE', 'cannot push images: --as-images does not work with --form packs', {
    hint: 'Use --form both or --form layers: engines pull layers.',
  });
}

/**
 * Makes the images of this run available to engines. Best effort: the handover is complete without it, so
 * failures become warnings.
 */
export async function publishImages(
  { blobs, documents, publishImage }: PublishingHandover,
  report: PrepullReport,
  {
    progress,
    warn,
    signal,
  }: { readonly progress: Progress; readonly warn: (message: string) => void; readonly signal: AbortSignal },
): Promise<readonly PublishedImage[]> {
  const ready = new Set(
    report.images.filter(({ state }) => state === 'ready').map((image) => image.reference),
  );
  const published: PublishedImage[] = [];
  const publish = async ({ reference, target, manifest = target }: BundleEntry): Promise<void> => {
    const name = reference === undefined ? '' : familiarReference(reference);
    if (reference === undefined || !ready.has(name)) return;
    const bytes = await readBlobBytes(blobs, manifest, name, signal);
    const pullable = await publishImage?.({ reference, mediaType: manifest.mediaType, bytes }, signal);
    if (pullable === undefined) return;
    published.push({ reference: name, name: pullable });
    progress.line(`${name}  can be pulled as ${pullable}`);
  };
  try {
    for (const entry of (await readBundleIndex(documents, signal))?.entries ?? []) await publish(entry);
  } catch (error) {
    if (!(error instanceof DrayError)) throw error;
    warn(`cannot push every image as an image: ${error.message}`);
  }
  return published;
}
