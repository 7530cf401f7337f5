import type { Readable } from 'node:stream';
import type { OpenOptions } from './blob-store.ts';
import type { Descriptor } from './image/descriptor.ts';
import type { Reference } from './image/reference.ts';

/**
 * Where images come from. The life of an image here: `resolve` finds what a reference names right now (cheap:
 * no manifest is counted as pulled), `fetchManifest` gets those bytes, `openBlob` streams config and layers.
 * The source verifies manifests. It does not verify blobs: the caller does, while it stores them.
 */
export interface Source {
  /**
   * The descriptor of the manifest or index that `reference` names now; digest and size as the source states them.
   * @throws RegistryError `REGISTRY_NOT_FOUND`, `REGISTRY_UNAUTHORIZED`, `REGISTRY_DENIED`, `REGISTRY_UNREACHABLE`, …
   */
  resolve(reference: Reference, signal?: AbortSignal): Promise<Descriptor>;

  /**
   * The bytes of a manifest or index, exactly as received, at most 4 MiB, with the digest of `descriptor`.
   * @throws DrayError `MANIFEST_TOO_LARGE`; IntegrityError; RegistryError
   */
  fetchManifest(reference: Reference, descriptor: Descriptor, signal?: AbortSignal): Promise<Uint8Array>;

  /** A blob of the reference's repository, from `offset` on. */
  openBlob(reference: Reference, descriptor: Descriptor, options?: OpenOptions): Promise<Readable>;

  /** Ends connections. Safe to call twice. */
  close(): Promise<void>;
}

/** What a source can do that has tags to choose from. */
export interface TagSource {
  /**
   * The tags of the reference's repository, whichever it names itself, as the source orders them.
   * @throws RegistryError `REGISTRY_NOT_FOUND`, `REGISTRY_UNAUTHORIZED`, `REGISTRY_DENIED`, `REGISTRY_UNREACHABLE`, …
   */
  listTags(reference: Reference, signal?: AbortSignal): AsyncIterable<string>;
}
