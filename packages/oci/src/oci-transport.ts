import type { ExpiryReport, PlaceContents, Reference, Transport } from '@drayage/core';
import { createRepository, type RegistryOptions } from '@drayage/registry';
import { createArtifactStore } from './artifact-store.ts';
import { createBlobs } from './blobs.ts';
import { createDocuments, readReferences } from './documents.ts';
import { contentsOf, expire, type Keys } from './keys.ts';
import { parseOciLocation } from './location.ts';
import { createReferences } from './references.ts';
import { imageTag } from './tags.ts';

export interface OciTransportOptions extends RegistryOptions {
  /** `oci://HOST/REPOSITORY[:KEY]`; a key in it counts more than `key`. */
  readonly url: string;
  /** See `keyName`. */
  readonly key: string;
}

/** An image whose blobs are in the repository. */
export interface PublishableImage {
  readonly reference: Reference;
  readonly mediaType: string;
  /** Of its manifest. */
  readonly bytes: Uint8Array;
}

/** A handover location in a registry. */
export interface OciTransport extends Transport {
  /** The key of this bundle. */
  readonly key: string;
  /** The bundles in the repository. */
  contents(signal?: AbortSignal): Promise<PlaceContents>;
  /**
   * Deletes bundles that are older than `maxAgeMs` (default: none), but none that a pre-pull is writing. A
   * registry that deletes nothing is no error.
   */
  expire(signal?: AbortSignal, maxAgeMs?: number): Promise<ExpiryReport>;
  /** Tags an image so that any engine can pull it; resolves with the name to pull. */
  publishImage(image: PublishableImage, signal?: AbortSignal): Promise<string>;
}

/** More tries than for a pull: a registry that restarts takes some seconds, and nothing replaces it. */
const attempts = 8;

/**
 * Hands a bundle over through a repository of an OCI registry. Blobs are blobs of the repository, shared by
 * all keys. Each document is an artifact under a tag of its key; that of the index references all blobs of
 * the bundle, so that the registry keeps them. Sends nothing before the first call.
 * @throws UsageError `USAGE` for another URL than `oci://HOST/REPOSITORY[:KEY]`, `CONFIG_INVALID`
 * @see distribution-spec v1.1.1
 */
export function createOciTransport(options: OciTransportOptions): OciTransport {
  const location = parseOciLocation(options.url);
  const { registry } = location;
  const key = location.key ?? options.key;
  const repository = createRepository(location, { ...options, retry: { attempts, ...options.retry } });
  const artifacts = createArtifactStore(repository, registry);
  const references = createReferences();
  const { clock } = options;
  const keys: Keys = { repository, artifacts, own: key, now: () => clock?.now() ?? Date.now() };
  let loading: Promise<void> | undefined;
  const loadReferences = (signal: AbortSignal | undefined): Promise<void> => {
    const current = (loading ??= readReferences(repository, key, signal).then((found) => {
      for (const blob of found) if (!references.isDropped(blob.digest)) references.add(blob);
    }));
    return current.catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
  };
  return {
    location: `oci://${repository.name}:${key}`,
    key,
    blobs: createBlobs({ repository, registry, references, loadReferences }),
    documents: createDocuments({ repository, artifacts, key, references, loadReferences }),
    contents: (signal) => contentsOf(keys, signal),
    expire: async (signal, maxAgeMs) =>
      maxAgeMs === undefined ? { deletedFiles: 0, deletedBytes: 0 } : expire(keys, maxAgeMs, signal),
    async publishImage({ reference, mediaType, bytes }, signal) {
      const tag = imageTag(reference);
      await repository.putManifest(tag, mediaType, bytes, signal);
      return `${repository.name}:${tag}`;
    },
    close: () => repository.close(),
  };
}
