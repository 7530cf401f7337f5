import { defaultRetryPolicy, systemClock } from '@drayage/core';
import type { Clock, RetryPolicy, Source, TagSource } from '@drayage/core';
import { openBlob } from './blobs.ts';
import type { Timeouts } from './connections.ts';
import { createConnections, defaultTimeouts } from './connections.ts';
import type { CredentialStore } from './credentials/credential-store.ts';
import { createCertificateDirectory } from './host-certificates.ts';
import type { MirrorFailure } from './itinerary.ts';
import { createItinerary } from './itinerary.ts';
import { fetchManifest, resolveManifest } from './manifests.ts';
import type { MirrorSettings } from './mirrors.ts';
import { createProxyRules } from './proxy/proxy-rules.ts';
import type { ProxySettings } from './proxy/proxy-settings.ts';
import type { RegistryClient } from './registry-client.ts';
import { createRegistryClient } from './registry-client.ts';
import { listTags } from './tag-list.ts';

export interface RegistrySourceOptions {
  readonly credentials: CredentialStore;
  /** `host` or `host:port`: plain HTTP and certificates nobody vouches for are fine there. Loopback always counts as listed. */
  readonly insecureRegistries?: readonly string[];
  /** PEM certificates to trust beside the public ones; see {@link readCertificates} and {@link readExtraCertificates}. */
  readonly ca?: string;
  /** Directory with a folder of certificates per registry, such as `/etc/docker/certs.d`; see {@link createCertificateDirectory}. */
  readonly certsDir?: string;
  /** Default: every host is asked directly. */
  readonly proxy?: ProxySettings;
  /** Where else the repositories of a registry may be had; each mirror in order, the registry itself last. */
  readonly mirrors?: MirrorSettings;
  /** Hears of mirrors that were passed over. */
  readonly onMirrorFailure?: (failure: MirrorFailure) => void;
  readonly retry?: Partial<RetryPolicy>;
  readonly timeouts?: Partial<Timeouts>;
  /** Default `drayage`. */
  readonly userAgent?: string;
  /** Default the system's. */
  readonly clock?: Clock;
}

/**
 * A source that pulls from registries, or from their mirrors. Loopback registries are asked in plain HTTP first. Nothing is sent before the
 * first call, tokens and connections are shared by all calls, and after `close` calls fail. Blobs are not verified, manifests are.
 * @throws UsageError `CONFIG_INVALID` for a proxy or a mirror that cannot be one
 * @see distribution-spec v1.1.1
 */
export function createRegistrySource(options: RegistrySourceOptions): Source & TagSource {
  const { certsDir, clock = systemClock } = options;
  const insecureRegistries = options.insecureRegistries ?? [];
  const itinerary = createItinerary({
    mirrors: options.mirrors ?? {},
    insecureRegistries,
    now: () => clock.now(),
    onMirrorFailure: options.onMirrorFailure ?? (() => undefined),
  });
  const connections = createConnections({
    ca: options.ca,
    userAgent: options.userAgent ?? 'drayage',
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    proxyFor: createProxyRules(options.proxy ?? {}),
    ...(certsDir === undefined ? {} : { certificatesOf: createCertificateDirectory(certsDir) }),
  });
  const client: RegistryClient = createRegistryClient({
    connections,
    credentials: options.credentials,
    insecureRegistries,
    retry: { policy: { ...defaultRetryPolicy, ...options.retry }, clock },
  });
  return {
    resolve: (reference, signal) =>
      itinerary.first(reference, (place) => resolveManifest(client, place, reference, signal)),
    fetchManifest: (reference, descriptor, signal) =>
      itinerary.first(reference, (place) => fetchManifest(client, place, reference, descriptor, signal)),
    openBlob: (reference, descriptor, openOptions) =>
      openBlob(client, itinerary, reference, descriptor, openOptions),
    listTags: (reference, signal) => listTags(client, itinerary, reference, signal),
    close: () => connections.close(),
  };
}
