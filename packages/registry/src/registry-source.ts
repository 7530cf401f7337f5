import type { Source, TagSource } from '@drayage/core';
import {
  createCertificateDirectory,
  createConnections,
  createProxyRules,
  defaultRetryPolicy,
  systemClock,
  type Clock,
  type ProxySettings,
  type RetryPolicy,
  type Timeouts,
} from '@drayage/http';
import { openBlob } from './blobs.ts';
import type { CredentialStore } from './credentials/credential-store.ts';
import { fetchManifest, resolveManifest } from './manifests.ts';
import { createMirrorChain, type MirrorFailure } from './mirror-chain.ts';
import type { MirrorSettings } from './mirrors.ts';
import { createRegistryClient } from './registry-client.ts';
import { listTags } from './tag-list.ts';

export interface RegistrySourceOptions {
  readonly credentials: CredentialStore;
  /**
   * `host` or `host:port`: allows plain HTTP and unverified certificates. Always includes loopback.
   */
  readonly insecureRegistries?: readonly string[] | undefined;
  /**
   * PEM of CA certificates to trust in addition to the public ones; see `readCertificates` and
   * `readExtraCertificates`.
   */
  readonly ca?: string | undefined;
  /** Directory with a folder of certificates per registry, such as `/etc/docker/certs.d`. */
  readonly certsDir?: string | undefined;
  /** Default: connect directly. */
  readonly proxy?: ProxySettings | undefined;
  /** Mirrors by registry, in the order to try, before the registry itself. */
  readonly mirrors?: MirrorSettings | undefined;
  /** Receives skipped mirrors. */
  readonly onMirrorFailure?: ((failure: MirrorFailure) => void) | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Default `drayage`. */
  readonly userAgent?: string | undefined;
  /** Default the system's. */
  readonly clock?: Clock | undefined;
}

/**
 * A source that pulls from registries or their mirrors. Tries plain HTTP first for loopback registries. Sends
 * nothing before the first call; all calls share tokens and connections; calls after `close` fail. Verifies
 * manifests, but not blobs.
 * @throws UsageError `CONFIG_INVALID` for an invalid proxy or mirror
 * @see distribution-spec v1.1.1
 */
export function createRegistrySource(options: RegistrySourceOptions): Source & TagSource {
  const { certsDir, clock = systemClock, insecureRegistries = [] } = options;
  const mirrorChain = createMirrorChain({
    mirrors: options.mirrors ?? {},
    insecureRegistries,
    now: () => clock.now(),
    onMirrorFailure: options.onMirrorFailure ?? (() => undefined),
  });
  const connections = createConnections({
    ca: options.ca,
    userAgent: options.userAgent ?? 'drayage',
    timeouts: options.timeouts,
    proxyFor: createProxyRules(options.proxy ?? {}),
    certificatesOf: certsDir === undefined ? undefined : createCertificateDirectory(certsDir),
  });
  const client = createRegistryClient({
    connections,
    credentials: options.credentials,
    insecureRegistries,
    retry: { policy: { ...defaultRetryPolicy, ...options.retry }, clock },
  });
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
    close: () => connections.close(),
  };
}
