import type { Readable } from 'node:stream';
import { throwIfAborted, type Descriptor, type Digest, type OpenOptions } from '@drayage/core';
import { openBlob } from '../blobs.ts';
import { registryEndpoint } from '../endpoints.ts';
import { createRegistryAccess, type RegistryOptions } from '../registry-access.ts';
import type { RepositoryOperation } from '../registry-client.ts';
import { listTags } from '../tag-list.ts';
import { statBlob } from './blob-stat.ts';
import { deleteManifest, headManifest, putManifest, readManifest } from './manifest-requests.ts';
import type { ManifestAnswer, ManifestRemoval } from './manifest-requests.ts';
import { uploadBlob, type UploadRequest } from './upload.ts';

export type { ManifestAnswer, ManifestRemoval };

/** A repository of one registry, to read and to write. Manifests are named by tag or digest. */
export interface Repository {
  /** `HOST[:PORT]/NAME`, for messages. */
  readonly name: string;
  /** The blob's size; undefined when the repository lacks it. */
  statBlob(digest: Digest, signal?: AbortSignal): Promise<number | undefined>;
  /** As the source of images does it: through mirrors, resumed, not verified. */
  openBlob(descriptor: Descriptor, options?: OpenOptions): Promise<Readable>;
  /** Resolves with the count of bytes sent: 0 if the blob could be mounted. */
  uploadBlob(request: UploadRequest): Promise<number>;
  /**
   * The digest that a HEAD of the manifest names; `unknown` if it names none; undefined: no such manifest.
   */
  headManifest(name: string, signal?: AbortSignal): Promise<Digest | 'unknown' | undefined>;
  readManifest(name: string, signal?: AbortSignal): Promise<ManifestAnswer | undefined>;
  putManifest(name: string, mediaType: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** `unsupported`: the registry deletes nothing, or not for this credential. */
  deleteManifest(digest: Digest, signal?: AbortSignal): Promise<ManifestRemoval>;
  tags(signal?: AbortSignal): AsyncIterable<string>;
  close(): Promise<void>;
}

/**
 * A repository; sends nothing before the first call. Blobs are read through the mirrors of the registry,
 * manifests from the registry itself: a mirror may have an old tag.
 * @throws UsageError `CONFIG_INVALID` for an invalid proxy or mirror
 */
export function createRepository(
  named: { readonly registry: string; readonly repository: string },
  options: RegistryOptions,
): Repository {
  const access = createRegistryAccess(options);
  const { client, mirrorChain, insecureRegistries } = access;
  const endpoint = registryEndpoint(named, insecureRegistries);
  const { registry, repository } = named;
  const name = `${registry}/${repository}`;
  const operation = (title: string, right: 'pull' | 'push' | 'delete' = 'pull'): RepositoryOperation => {
    return { title, registry, endpoint, access: { repository, right } };
  };
  const uploads = { client, largestBytes: 0 };
  return {
    name,
    statBlob(digest, signal) {
      const look = operation(`look up blob ${digest} in ${name}`);
      return persistent(look, signal, () => statBlob(client, look, digest, signal));
    },
    openBlob: (descriptor, openOptions) => openBlob(client, mirrorChain, named, descriptor, openOptions),
    uploadBlob: (request) =>
      uploadBlob(uploads, operation(`write blob ${request.descriptor.digest} to ${name}`, 'push'), request),
    headManifest(tag, signal) {
      const look = operation(`look up ${tag} in ${name}`);
      return persistent(look, signal, () => headManifest(client, look, tag, signal));
    },
    readManifest(tag, signal) {
      const read = operation(`read ${tag} from ${name}`);
      return persistent(read, signal, () => readManifest(client, read, tag, signal));
    },
    putManifest(tag, mediaType, bytes, signal) {
      const put = operation(`write ${tag} to ${name}`, 'push');
      return persistent(put, signal, () => putManifest(client, put, { tag, mediaType, bytes, signal }));
    },
    deleteManifest(digest, signal) {
      const remove = operation(`delete ${digest} of ${name}`, 'delete');
      return persistent(remove, signal, () => deleteManifest(client, remove, digest, signal));
    },
    tags: (signal) =>
      listTags(client, { first: (_, run) => run(endpoint), report: () => undefined }, named, signal),
    close: () => access.close(),
  };

  function persistent<T>(
    { title, ...rest }: RepositoryOperation,
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> {
    throwIfAborted(signal, title);
    return client.persist({ title, ...rest }, signal, run);
  }
}
