import { Readable } from 'node:stream';
import { RegistryError } from '../errors.ts';
import { formatReference, type Reference } from '../image/reference.ts';
import type { Digest } from '../image/digest.ts';
import type { Source } from '../source.ts';
import type { RandomImage, RandomIndex } from './random-image.ts';

/** A {@link Source} in memory that records what was read from it. */
export interface MemorySource extends Source {
  /** The opened blobs, in order, with repetitions. */
  readonly opened: readonly Digest[];
}

/** Serves generated images by their canonical references, such as `registry.test/app:1`. */
export function createMemorySource(images: ReadonlyMap<string, RandomImage | RandomIndex>): MemorySource {
  const opened: Digest[] = [];
  const find = (reference: Reference): RandomImage | RandomIndex => {
    const name = formatReference(reference);
    return images.get(name) ?? notFound(name);
  };
  const blobOf = (reference: Reference, digest: Digest): Uint8Array =>
    find(reference).blobs.get(digest) ?? notFound(digest);
  return {
    opened,
    resolve: async (reference) => find(reference).target,
    fetchManifest: async (reference, { digest }) => blobOf(reference, digest),
    async openBlob(reference, { digest }, { offset = 0 } = {}) {
      const bytes = blobOf(reference, digest);
      opened.push(digest);
      return Readable.from([bytes.subarray(offset)]);
    },
    close: () => Promise.resolve(),
  };
}

function notFound(what: string): never {
  throw new RegistryError('REGISTRY_NOT_FOUND', `cannot find ${what} in memory: not found`, {
    status: 404,
  });
}
