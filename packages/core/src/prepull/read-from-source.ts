import { Readable } from 'node:stream';
import type { BlobStore } from '../blob-store.ts';
import { readImageContent, type ReadContent } from '../bundle/image-content.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { forPlatform } from '../image/manifest-choice.ts';
import type { Platform } from '../image/platform.ts';
import { familiarReference, type Reference } from '../image/reference.ts';
import type { Source } from '../source.ts';
import { resolveImage } from './resolve-image.ts';
import { withTrueSize } from './true-size.ts';

export interface SourceReading {
  readonly source: Source;
  readonly platform: Platform;
  /** The bundle: blobs that it holds are not requested from the source. Read only. */
  readonly blobs: BlobStore;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads an image from its source, manifests and config only.
 * @throws DrayError as {@link resolveImage} and {@link readImageContent}
 */
export async function readFromSource(
  reading: SourceReading,
  image: PrepullImage,
): Promise<ReadContent & { readonly reference: Reference }> {
  const { source, platform, blobs, signal } = reading;
  const { reference, target } = await resolveImage(source, image, signal);
  const what = familiarReference(reference);
  const content = await withTrueSize(target, (sized) =>
    readImageContent(sized, {
      what,
      async open(descriptor, kind) {
        if (await hasBlob(reading, descriptor)) return blobs.open(descriptor, { signal });
        if (kind === 'config') return source.openBlob(reference, descriptor, { signal });
        return Readable.from([await source.fetchManifest(reference, descriptor, signal)]);
      },
      choice: forPlatform(platform, what),
    }),
  );
  return { reference, ...content };
}

/** True when the bundle holds the complete blob. */
export async function hasBlob(
  { blobs, signal }: Pick<SourceReading, 'blobs' | 'signal'>,
  { digest, size }: Descriptor,
): Promise<boolean> {
  return (await blobs.stat(digest, signal))?.size === size;
}
