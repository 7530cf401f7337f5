import type { SecureContextOptions } from 'node:tls';
import { Agent, Pool, ProxyAgent, errors, type Dispatcher } from 'undici';
import { trustedByNode } from './certificates.ts';
import type { HostCertificates } from './host-certificates.ts';
import type { ProxyServer } from './proxy/proxy-settings.ts';

/** How a host is reached. */
export interface Route {
  readonly verifiesTls: boolean;
  /** Trusted for this host beside what is trusted for all; PEM. */
  readonly caCertificates: readonly string[];
  readonly clients: HostCertificates['clients'];
  readonly proxy: ProxyServer | undefined;
}

export interface DispatcherOptions {
  /** PEM of CA certificates that are trusted for all hosts beside those of Node.js. */
  readonly ca: string | undefined;
  /** Until a connection, TLS and proxy included, stands (ms). */
  readonly connectMs: number;
}

/** Pools of connections, one for each way of connecting. */
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
    // A proxy that wants TLS is trusted like any other host.
    proxyTls: { timeout: connectMs, ...trust(ca === undefined ? [] : [ca]) },
    // The pool for CONNECT requests, which are part of connecting.
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: connectMs }),
  });
}

// Passing CA certificates replaces those of Node.js, so both are passed.
function trust(caCertificates: readonly string[]): Pick<SecureContextOptions, 'ca'> {
  return caCertificates.length === 0 ? {} : { ca: [...trustedByNode(), ...caCertificates] };
}
