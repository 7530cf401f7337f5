import type { Descriptor } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import type { Platform } from '../image/platform.ts';

/** An image below indexes. */
export interface NestedImage {
  /** The outermost index; the image itself when there is no index. */
  readonly target: Descriptor;
  /** Outermost first. */
  readonly indexes: readonly Descriptor[];
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

export interface NestOptions {
  /** Count of indexes. */
  readonly depth: number;
  /** What every index lists besides the next one, first. */
  readonly others?: readonly Descriptor[] | undefined;
  /** What the indexes say of the platform; undefined: nothing. */
  readonly platform?: Platform | undefined;
}

/** Puts an image, or an index, below `depth` indexes. */
export function nestImage(
  image: { readonly target: Descriptor; readonly blobs: ReadonlyMap<Digest, Uint8Array> },
  { depth, others = [], platform }: NestOptions,
): NestedImage {
  const blobs = new Map(image.blobs);
  const indexes: Descriptor[] = [];
  let { target } = image;
  const mediaType = mediaTypes.ociIndex;
  for (let level = 0; level < depth; level += 1) {
    const entry = platform === undefined ? target : { ...target, platform };
    const document = { schemaVersion: 2, mediaType, manifests: [...others, entry] };
    const bytes = Buffer.from(JSON.stringify(document));
    target = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    indexes.unshift(target);
    blobs.set(target.digest, bytes);
  }
  return { target, indexes, blobs };
}
