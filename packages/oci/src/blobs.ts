import {
  DrayError,
  RegistryError,
  throwIfAborted,
  type BlobStore,
  type Descriptor,
  type Digest,
  type OpenOptions,
} from '@drayage/core';
import type { Readable } from 'node:stream';
import type { Repository } from '@drayage/registry';
import type { References } from './references.ts';

export interface BlobsOptions {
  readonly repository: Repository;
  /** `host[:port]` of the repository. */
  readonly registry: string;
  readonly references: References;
  /** Adds what an earlier run under the same key referenced. */
  readonly loadReferences: (signal: AbortSignal | undefined) => Promise<void>;
}

/**
 * The blobs of a repository, shared by all keys. `delete` only ends the reference of this bundle: other keys
 * may need the blob, and a blob without a reference is the registry's to collect.
 */
export function createBlobs({ repository, registry, references, loadReferences }: BlobsOptions): BlobStore {
  // Looked up a moment ago: another look would only cost time.
  const absent = new Set<Digest>();
  const isThere = async (digest: Digest, signal: AbortSignal | undefined): Promise<number | undefined> => {
    const known = references.all().get(digest);
    if (known !== undefined) return known.size;
    const size = await repository.statBlob(digest, signal);
    if (size === undefined) absent.add(digest);
    return size;
  };
  return {
    async stat(digest, signal) {
      throwIfAborted(signal, `look up blob ${digest} in ${repository.name}`);
      if (references.isDropped(digest)) return undefined;
      const size = await isThere(digest, signal);
      if (size === undefined) return undefined;
      references.add({ digest, size });
      return { digest, size };
    },
    open: (descriptor, options = {}) => openBlob(repository, references, descriptor, options),
    async put(descriptor, open, { signal, origin } = {}) {
      const { digest, size } = descriptor;
      throwIfAborted(signal, `write blob ${digest} to ${repository.name}`);
      let bytesRead = 0;
      if (absent.has(digest) || (await isThere(digest, signal)) !== size) {
        const from = origin?.registry === registry ? origin.repository : undefined;
        bytesRead = await repository.uploadBlob({ descriptor, open: () => open(0), from, signal });
      }
      absent.delete(digest);
      references.add(descriptor);
      return { bytesRead };
    },
    async *list(signal) {
      await loadReferences(signal);
      for (const blob of [...references.all().values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))) {
        throwIfAborted(signal, `list blobs of ${repository.name}`);
        yield blob;
      }
    },
    async delete(digest, signal) {
      await loadReferences(signal);
      references.drop(digest);
    },
  };
}

async function openBlob(
  repository: Repository,
  references: References,
  descriptor: Descriptor,
  options: OpenOptions,
): Promise<Readable> {
  try {
    if (!references.isDropped(descriptor.digest)) return await repository.openBlob(descriptor, options);
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 404) throw error;
  }
  throw new DrayError(
    'BLOB_MISSING',
    `cannot read blob ${descriptor.digest} from ${repository.name}: it is not there`,
    { hint: 'Run the pre-pull again; the registry may have deleted old blobs.' },
  );
}
