import { firstExisting } from '../image-set/locate-image.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Reference } from '../image/reference.ts';
import type { Source } from '../source.ts';

export interface ResolvedImage {
  readonly reference: Reference;
  /** The index or manifest that the reference names. */
  readonly target: Descriptor;
}

/**
 * The first candidate of an image that exists, with its current or pinned target. @throws what
 * {@link firstExisting} and the source throw
 */
export function resolveImage(
  source: Source,
  image: PrepullImage,
  signal: AbortSignal | undefined,
): Promise<ResolvedImage> {
  return firstExisting(
    image,
    async ({ reference, pinned }) => {
      const { registry, repository } = reference;
      const asked = pinned === undefined ? reference : { registry, repository, digest: pinned };
      return { reference, target: await source.resolve(asked, signal) };
    },
    signal,
  );
}
