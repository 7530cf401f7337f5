import { firstExisting } from '../image-set/locate-image.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Reference } from '../image/reference.ts';
import type { Source } from '../source.ts';

export interface ResolvedImage {
  readonly reference: Reference;
  /** What the reference names: an index or a manifest. */
  readonly target: Descriptor;
}

/** The first candidate of an image that exists, and what it names now or is pinned to. @throws what {@link firstExisting} and the source throw */
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
