import type { SecureContextOptions } from 'node:tls';
import { Agent, Pool, ProxyAgent, errors, type Dispatcher } from 'undici';
import { trustedByNode } from './certificates.ts';
import type { HostCertificates } from './host-certificates.ts';
import type { ProxyServer } from './proxy/proxy-settings.ts';

/** How to connect to a host. */
export interface Route {
  readonly verifiesTls: boolean;
  /** PEM of CA certificates to trust for this host, in addition to those for all hosts. */
  readonly caCertificates: readonly string[];
  readonly clients: HostCertificates['clients'];
  readonly proxy: ProxyServer | undefined;
}

export interface DispatcherOptions {
  /** PEM of CA certificates to trust for all hosts, in addition to Node.js's. */
  readonly ca: string | undefined;
  /** Time limit for establishing a connection, including TLS and proxy (ms). */
  readonly connectMs: number;
}

/** Connection pools, one per route. */
export interface Dispatchers {
  /**
   * The pool for a route, created on first use.
   * @throws an error with code `UND_ERR_DESTROYED` after `destroy`
   */
  get(route: Route): Dispatcher;
  /** Ends all connections. Safe to call twice. */
  destroy(): Promise<void>;
}

export function createDispatchers(options: DispatcherOptions): Dispatchers {
  const pools = new Map<string, Dispatcher>();
  let destroying: Promise<void> | undefined;
  return {
    get(route) {
      if (destroying !== undefined) throw new errors.ClientDestroyedError();
      const key = JSON.stringify(route);
      const pool = pools.get(key) ?? createPool(options, route);
      pools.set(key, pool);
      return pool;
    },
    destroy() {
      destroying ??= Promise.all([...pools.values()].map((pool) => pool.destroy())).then(() => undefined);
      return destroying;
    },
  };
}

function createPool({ ca, connectMs }: DispatcherOptions, route: Route): Dispatcher {
  const { verifiesTls, clients, proxy } = route;
  const connect = {
    timeout: connectMs,
    ...(verifiesTls ? trust([ca ?? [], route.caCertificates].flat()) : { rejectUnauthorized: false }),
    ...(clients.length > 0 && { cert: clients.map(({ cert }) => cert), key: clients.map(({ key }) => key) }),
  };
  if (proxy === undefined) return new Agent({ connect });
  return new ProxyAgent({
    uri: proxy.url.href,
    ...(proxy.authorization !== undefined && { token: proxy.authorization }),
    // Many proxies forbid CONNECT to the port of plain HTTP.
    proxyTunnel: false,
    requestTls: connect,
    // A proxy with TLS is trusted like any other host.
    proxyTls: { timeout: connectMs, ...trust(ca === undefined ? [] : [ca]) },
    // The pool for CONNECT requests, which are part of connecting.
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: connectMs }),
  });
}

// Passing CA certificates replaces Node.js's own, so we pass both.
function trust(caCertificates: readonly string[]): Pick<SecureContextOptions, 'ca'> {
  return caCertificates.length === 0 ? {} : { ca: [...trustedByNode(), ...caCertificates] };
}
