import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import type { ByteStream } from '@drayage/core';
import { openTunnel } from './tunnel.ts';
import { writeBody } from './write-body.ts';

/** Limits of a single request (ms). */
export interface Timeouts {
  /** Until the connection, TLS and a proxy included, stands. */
  readonly connectMs: number;
  /** Longest silence before and within an answer. */
  readonly idleMs: number;
  /** Longest silence after a body was sent: the other side may have to store it somewhere first. */
  readonly storeMs: number;
}

/** Patient with large uploads, impatient with silence. */
export const defaultTimeouts: Timeouts = { connectMs: 10_000, idleMs: 60_000, storeMs: 300_000 };

/** A proxy on the way to a URL. */
export interface HttpProxy {
  /** Without user name and password. */
  readonly url: URL;
  /** Value of the `Proxy-Authorization` header. */
  readonly authorization: string | undefined;
}

/** How hosts are reached. */
export interface Surroundings {
  /** PEM of every authority that is trusted; undefined: those of Node.js. */
  readonly authorities?: readonly string[] | undefined;
  /** The proxy for a URL; undefined: it is asked directly. */
  readonly proxyFor?: ((url: URL) => HttpProxy | undefined) | undefined;
}

/** Bytes to send, and how many they are. */
export interface HttpBody {
  readonly bytes: ByteStream;
  readonly sizeBytes: number;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: HttpBody | undefined;
  readonly signal: AbortSignal | undefined;
}

/** An answer; the body is to be read to its end or destroyed. */
export interface HttpResponse {
  readonly status: number;
  /** The header's value. Names in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly body: Readable;
}

/** Pooled HTTP connections. One request, one answer: no redirects, no retries, no tokens. Nothing is held in memory. */
export interface Connections {
  /** An answer of any status is no error. Rejects with the error of the socket, or with that of the body's source. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Ends what is idle. Safe to call twice. */
  close(): void;
}

/** Connections that live as long as the process needs them; nothing is opened before the first request. */
export function createConnections(surroundings: Surroundings, timeouts: Timeouts): Connections {
  const trust = surroundings.authorities === undefined ? {} : { ca: [...surroundings.authorities] };
  const agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true, ...trust }),
  };
  return {
    async send(request) {
      const proxy = surroundings.proxyFor?.(request.url);
      if (request.url.protocol === 'http:') {
        return exchange(http.request(plainOptions(request, proxy, agents['http:'])), request, timeouts);
      }
      if (proxy === undefined) {
        const options = { ...requestOptions(request), agent: agents['https:'] };
        return exchange(https.request(request.url, options), request, timeouts);
      }
      const tunnel = { proxy, connectMs: timeouts.connectMs, signal: request.signal, tls: trust };
      const socket = await openTunnel(request.url, tunnel);
      // Without an agent: the connection is for this request alone.
      const options = { ...requestOptions(request), createConnection: () => socket };
      return exchange(https.request(request.url, options), request, timeouts);
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

interface OwnOptions extends http.RequestOptions {
  readonly headers: Readonly<Record<string, string | number>>;
}

function requestOptions({ method, headers, body, signal }: HttpRequest): OwnOptions {
  return {
    method,
    headers: {
      'accept-encoding': 'identity',
      ...(body === undefined ? {} : { 'content-length': body.sizeBytes }),
      ...headers,
    },
    ...(signal === undefined ? {} : { signal }),
  };
}

/** A proxy is given the whole URL of a plain request. @see RFC 9112, section 3.2.2 */
function plainOptions(
  request: HttpRequest,
  proxy: HttpProxy | undefined,
  agent: http.Agent,
): http.RequestOptions {
  const { url } = request;
  const options = requestOptions(request);
  const own = {
    ...options,
    agent,
    host: hostname(url),
    port: url.port,
    path: `${url.pathname}${url.search}`,
  };
  if (proxy === undefined) return own;
  const login = proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization };
  return {
    ...own,
    host: hostname(proxy.url),
    port: proxy.url.port,
    path: url.href,
    headers: { ...options.headers, ...login, host: url.host },
  };
}

/** As sockets want it: an address of version 6 without its brackets. */
function hostname(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function exchange(
  outgoing: http.ClientRequest,
  { body }: HttpRequest,
  timeouts: Timeouts,
): Promise<HttpResponse> {
  limitTime(outgoing, timeouts, body !== undefined);
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.once('response', (incoming) => {
      // What is left of a body that nobody wants must not be taken for the next request.
      if (!outgoing.writableEnded) incoming.once('close', () => outgoing.destroy());
      resolve({
        status: incoming.statusCode ?? 0,
        header: (name) => [incoming.headers[name] ?? []].flat().at(0),
        body: incoming,
      });
    });
    if (body === undefined) outgoing.end();
    else writeBody(outgoing, body).catch(reject);
  });
}

function limitTime(outgoing: http.ClientRequest, timeouts: Timeouts, hasBody: boolean): void {
  const giveUp = (what: string): void => {
    outgoing.destroy(Object.assign(new Error(what), { code: 'ETIMEDOUT' }));
  };
  outgoing.setTimeout(hasBody ? timeouts.storeMs : timeouts.idleMs, () => {
    giveUp('nothing came for too long');
  });
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(giveUp, timeouts.connectMs, 'the connection took too long');
    socket.once('connect', () => {
      clearTimeout(timer);
    });
    outgoing.once('close', () => {
      clearTimeout(timer);
    });
  });
}
