import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import * as tls from 'node:tls';
import type { Duplex } from 'node:stream';
import type { HttpProxy } from './connections.ts';

export interface TunnelOptions {
  readonly proxy: HttpProxy;
  readonly connectMs: number;
  readonly signal: AbortSignal | undefined;
  /** What is trusted at both ends. */
  readonly tls: { readonly ca?: string[] };
}

/** A proxy that lets nobody through. */
export class ProxyRefusal extends Error {
  readonly status: number;

  constructor(host: string, status: number) {
    super(`the proxy ${host} answered ${String(status)}`);
    this.status = status;
  }
}

/**
 * A TLS connection to the host of `url` through a proxy. Rejects with the error of the socket, or a {@link ProxyRefusal}.
 * @see RFC 9110, section 9.3.6
 */
export async function openTunnel(url: URL, options: TunnelOptions): Promise<tls.TLSSocket> {
  const { proxy } = options;
  const target = `${url.hostname}:${url.port === '' ? '443' : url.port}`;
  const login = proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization };
  const request = proxy.url.protocol === 'https:' ? https.request : http.request;
  const asked = request(proxy.url, {
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...login },
    agent: false,
    timeout: options.connectMs,
    ...options.tls,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const socket = await connected(asked, proxy.url.host);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // The name of a server is never an address.
  const name = isIP(host) === 0 ? { servername: host } : {};
  return tls.connect({ ...options.tls, ...name, host, socket, ALPNProtocols: ['http/1.1'] });
}

function connected(asked: http.ClientRequest, proxyHost: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    asked.once('error', reject);
    asked.once('timeout', () => {
      asked.destroy(Object.assign(new Error('the proxy took too long'), { code: 'ETIMEDOUT' }));
    });
    asked.once('connect', (response, socket) => {
      if (response.statusCode === 200) {
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new ProxyRefusal(proxyHost, response.statusCode ?? 0));
    });
    asked.once('response', (response) => {
      response.destroy();
      reject(new ProxyRefusal(proxyHost, response.statusCode ?? 0));
    });
    asked.end();
  });
}
