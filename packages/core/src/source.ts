import type { Readable } from 'node:stream';
import type { OpenOptions } from './blob-store.ts';
import type { Descriptor } from './image/descriptor.ts';
import type { Reference } from './image/reference.ts';

/**
 * A source of images. `resolve` finds what a reference names now (cheap: registries do not count it as a
 * pull), `fetchManifest` gets those bytes, and `openBlob` streams config and layers. The source verifies
 * manifests. The caller verifies blobs while storing them.
 */
export interface Source {
  /**
   * The descriptor of the manifest or index that `reference` names now, with digest and size as the source
   * states them.
   * @throws RegistryError `REGISTRY_NOT_FOUND`, `REGISTRY_UNAUTHORIZED`, `REGISTRY_DENIED`,
   * `REGISTRY_UNREACHABLE`, …
   */
  resolve(reference: Reference, signal?: AbortSignal): Promise<Descriptor>;

  /**
   * The bytes of a manifest or index, exactly as received: at most 4 MiB, matching the digest of
   * `descriptor`.
   * @throws DrayError `MANIFEST_TOO_LARGE`; IntegrityError; RegistryError
   */
  fetchManifest(reference: Reference, descriptor: Descriptor, signal?: AbortSignal): Promise<Uint8Array>;

  /** A blob of the reference's repository, from `offset` on. */
  openBlob(reference: Reference, descriptor: Descriptor, options?: OpenOptions): Promise<Readable>;

  /** Closes connections; idempotent. */
  close(): Promise<void>;
}

/** A source with tags to choose from. */
export interface TagSource {
  /**
   * All tags of the reference's repository, in the source's order.
   * @throws RegistryError `REGISTRY_NOT_FOUND`, `REGISTRY_UNAUTHORIZED`, `REGISTRY_DENIED`,
   * `REGISTRY_UNREACHABLE`, …
   */
  listTags(reference: Reference, signal?: AbortSignal): AsyncIterable<string>;
}
