import type { Source, TagSource } from '@drayage/core';
import { openBlob } from './blobs.ts';
import { fetchManifest, resolveManifest } from './manifests.ts';
import { createRegistryAccess, type RegistryOptions } from './registry-access.ts';
import { listTags } from './tag-list.ts';

/**
 * A source that pulls from registries or their mirrors. Tries plain HTTP first for loopback registries. Sends
 * nothing before the first call; all calls share tokens and connections; calls after `close` fail. Verifies
 * manifests, but not blobs.
 * @throws UsageError `CONFIG_INVALID` for an invalid proxy or mirror
 * @see distribution-spec v1.1.1
 */
export function createRegistrySource(options: RegistryOptions): Source & TagSource {
  const access = createRegistryAccess(options);
  const { client, mirrorChain } = access;
  return {
    resolve: (reference, signal) =>
      mirrorChain.first(reference, (endpoint) => resolveManifest(client, endpoint, reference, signal)),
    fetchManifest: (reference, descriptor, signal) =>
      mirrorChain.first(reference, (endpoint) =>
        fetchManifest(client, endpoint, reference, descriptor, signal),
      ),
    openBlob: (reference, descriptor, openOptions) =>
      openBlob(client, mirrorChain, reference, descriptor, openOptions),
    listTags: (reference, signal) => listTags(client, mirrorChain, reference, signal),
    close: () => access.close(),
  };
}
