import type { Descriptor, Digest } from '@drayage/core';
import type { BlobInfo } from '@drayage/core/bundle';

/** The blobs that belong to the bundle of this key. The artifact of its index references them. */
export interface References {
  /** All, without those that were dropped. */
  all(): ReadonlyMap<Digest, BlobInfo>;
  add(blob: Pick<Descriptor, 'digest' | 'size'>): void;
  /** From now on the bundle lacks the blob, whatever the repository has. */
  drop(digest: Digest): void;
  isDropped(digest: Digest): boolean;
}

export function createReferences(): References {
  const blobs = new Map<Digest, BlobInfo>();
  const dropped = new Set<Digest>();
  return {
    all: () => blobs,
    add({ digest, size }) {
      dropped.delete(digest);
      blobs.set(digest, { digest, size });
    },
    drop(digest) {
      blobs.delete(digest);
      dropped.add(digest);
    },
    isDropped: (digest) => dropped.has(digest),
  };
}
