import type { Source } from '@drayage/core';
import { openBlob } from './blobs.ts';
import type { Timeouts } from './connections.ts';
import { createConnections, defaultTimeouts } from './connections.ts';
import type { CredentialStore } from './credentials.ts';
import { fetchManifest, resolveManifest } from './manifests.ts';
import { createRegistryClient } from './registry-client.ts';
import type { Clock, RetryPolicy } from './retry.ts';
import { defaultRetryPolicy, systemClock } from './retry.ts';

export interface RegistrySourceOptions {
  readonly credentials: CredentialStore;
  /** `host` or `host:port`: plain HTTP and certificates nobody vouches for are fine there. Loopback always counts as listed. */
  readonly insecureRegistries?: readonly string[];
  /** PEM certificates to trust beside the public ones; see {@link readCertificates}. */
  readonly ca?: string;
  readonly retry?: Partial<RetryPolicy>;
  readonly timeouts?: Partial<Timeouts>;
  /** Default `drayage`. */
  readonly userAgent?: string;
  /** Default the system's. */
  readonly clock?: Clock;
}

/**
 * A source that pulls from registries. Loopback registries are asked in plain HTTP first. Nothing is sent before the first call, tokens
 * and connections are shared by all calls, and after `close` calls fail. Blobs are not verified, manifests are.
 * @see distribution-spec v1.1.1
 */
export function createRegistrySource(options: RegistrySourceOptions): Source {
  const connections = createConnections({
    ca: options.ca,
    userAgent: options.userAgent ?? 'drayage',
    timeouts: { ...defaultTimeouts, ...options.timeouts },
  });
  const client = createRegistryClient({
    connections,
    credentials: options.credentials,
    insecureRegistries: options.insecureRegistries ?? [],
    retry: {
      policy: { ...defaultRetryPolicy, ...options.retry },
      clock: options.clock ?? systemClock,
    },
  });
  return {
    resolve: (reference, signal) => resolveManifest(client, reference, signal),
    fetchManifest: (reference, descriptor, signal) => fetchManifest(client, reference, descriptor, signal),
    openBlob: (reference, descriptor, openOptions) => openBlob(client, reference, descriptor, openOptions),
    close: () => connections.close(),
  };
}
