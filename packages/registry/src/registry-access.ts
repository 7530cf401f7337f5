import { DrayError } from '@drayage/core';
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
import type { CredentialStore } from './credentials/credential-store.ts';
import { createMirrorChain, type MirrorChain, type MirrorFailure } from './mirror-chain.ts';
import type { MirrorSettings } from './mirrors.ts';
import { createRegistryClient, type RegistryClient } from './registry-client.ts';

/** How registries are reached. */
export interface RegistryOptions {
  readonly credentials: CredentialStore;
  /**
   * `host` or `host:port`: may use plain HTTP and unverified certificates. Loopback always counts as listed.
   */
  readonly insecureRegistries?: readonly string[] | undefined;
  /**
   * PEM of CA certificates to trust beside the public ones; see `readCertificates` and
   * `readExtraCertificates`.
   */
  readonly ca?: string | undefined;
  /** Directory with a folder of certificates per registry, such as `/etc/docker/certs.d`. */
  readonly certsDir?: string | undefined;
  /** Default: connect directly. */
  readonly proxy?: ProxySettings | undefined;
  /** Mirrors by registry, in the order to try; the registry itself comes last. */
  readonly mirrors?: MirrorSettings | undefined;
  /** Receives mirrors that were passed over. */
  readonly onMirrorFailure?: ((failure: MirrorFailure) => void) | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** When all must be done (ms since the epoch). Registries may ask to wait until then; default: 30 s. */
  readonly deadlineAt?: number | undefined;
  /** Receives the waits that registries ask for, before they begin. */
  readonly onWait?: ((wait: AskedWait) => void) | undefined;
  /** Default `drayage`. */
  readonly userAgent?: string | undefined;
  /** Default the system's. */
  readonly clock?: Clock | undefined;
}

/** A registry that asks to wait before the next request. */
export interface AskedWait {
  /** `host[:port]` */
  readonly registry: string;
  readonly ms: number;
}

/** Everything that sends requests to registries shares it: tokens, connections, mirrors that failed. */
export interface RegistryAccess {
  readonly client: RegistryClient;
  readonly mirrorChain: MirrorChain;
  readonly insecureRegistries: readonly string[];
  /** Ends all connections; calls after it fail. */
  close(): Promise<void>;
}

/** Sends nothing before the first call. @throws UsageError `CONFIG_INVALID` for an invalid proxy or mirror */
export function createRegistryAccess(options: RegistryOptions): RegistryAccess {
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
    retry: {
      ...{ policy: { ...defaultRetryPolicy, ...options.retry }, clock, deadlineAt: options.deadlineAt },
      onWait: (error, ms) => {
        options.onWait?.({ registry: registryOf(error), ms });
      },
    },
  });
  return { client, mirrorChain, insecureRegistries, close: () => connections.close() };
}

function registryOf(error: unknown): string {
  const registry = error instanceof DrayError ? error.details['registry'] : undefined;
  return typeof registry === 'string' ? registry : 'the registry';
}
