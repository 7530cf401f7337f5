import { Readable } from 'node:stream';
import { DrayError, systemErrorCode } from '@drayage/core';
import { abandon } from './bodies.ts';
import { createDispatchers, type Dispatchers } from './dispatchers.ts';
import type { HostCertificates } from './host-certificates.ts';
import type { ProxyRules } from './proxy/proxy-rules.ts';
import { awaitingEarlyAnswer, type HttpBody } from './uploads.ts';

/** Limits of a single request (ms). */
export interface Timeouts {
  /** Until the connection, including TLS, is established. */
  readonly connectMs: number;
  /** From the request until the response header. */
  readonly headersMs: number;
  /** The same after an upload, which the server may have to store first. */
  readonly storeMs: number;
  /** Maximum time without data while reading a body. */
  readonly idleMs: number;
}

export const defaultTimeouts: Timeouts = {
  connectMs: 10_000,
  headersMs: 30_000,
  storeMs: 300_000,
  idleMs: 60_000,
};

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Bytes in memory are sent at once; a large {@link HttpBody} waits for an early answer. */
  readonly body?: string | Uint8Array | HttpBody | undefined;
  /** Default true. */
  readonly verifiesTls?: boolean | undefined;
  /**
   * The host (`host[:port]`) that refers to this one, such as the registry of a token service or object
   * store: its CA certificates are trusted here too. Client certificates are never sent to another
   * host.
   */
  readonly onBehalfOf?: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** An answer. The caller reads its body to the end, destroys it, or hands it to `discard`. */
export interface HttpResponse {
  readonly status: number;
  /** The header's value; several of that name are joined by ", ". Names in lower case. */
  readonly header: (name: string) => string | undefined;
  /** All values of a header that can be repeated. */
  readonly headers: (name: string) => readonly string[];
  /** Not decoded in any way. */
  readonly body: Readable;
  /** The URL that answered, after redirects. */
  readonly url: URL;
  /** Secrets that messages must not quote: the login of the proxy. */
  readonly secrets: readonly string[];
}

/** A request that got no answer; `cause` is the error of the socket. */
export class UnansweredError extends Error {
  /** The code of the cause: `ECONNREFUSED`, … */
  readonly code: string | undefined;
  /** `host[:port]` of the server. */
  readonly host: string;
  /** `host[:port]` of the proxy for the request. */
  readonly proxyHost: string | undefined;

  constructor(host: string, cause: unknown, proxyHost?: string) {
    super(`no answer from ${host}`, { cause });
    this.code = systemErrorCode(cause);
    this.host = host;
    this.proxyHost = proxyHost;
  }
}

/** A proxy that refuses to forward. */
export class ProxyRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the proxy answered ${String(status)}`);
    this.status = status;
  }
}

/** Pooled HTTP connections. One request, one answer: no redirects, no retries, no credentials. */
export interface Connections {
  /**
   * Resolves with a response of any status.
   * @throws UnansweredError; a DrayError of the body's source as it is
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Ends all connections; later calls fail. Safe to call twice. */
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /** PEM of CA certificates to trust in addition to Node.js's. */
  readonly ca?: string | undefined;
  readonly userAgent: string;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Default: connect to all hosts directly. */
  readonly proxyFor?: ProxyRules | undefined;
  /** CA and client certificates for a host (`host[:port]`). */
  readonly certificatesOf?: ((host: string) => Promise<HostCertificates>) | undefined;
}

// Larger than a socket read, so that a briefly busy reader does not pause the socket at once.
const bodyHighWaterMark = 256 * 1024;

/** Connections with the given trust; opens none before the first request. */
export function createConnections(options: ConnectionOptions): Connections {
  const timeouts: Timeouts = { ...defaultTimeouts, ...options.timeouts };
  const dispatchers = createDispatchers({ ca: options.ca, connectMs: timeouts.connectMs });
  return {
    send: (request) => send({ ...options, timeouts }, dispatchers, request),
    close: () => dispatchers.destroy(),
  };
}

async function send(
  options: ConnectionOptions & { readonly timeouts: Timeouts },
  dispatchers: Dispatchers,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { url, method, verifiesTls = true, signal } = request;
  const { userAgent, timeouts } = options;
  const proxy = options.proxyFor?.(url);
  const route = { verifiesTls, proxy, ...(await certificatesFor(options, request)) };
  const fail = (error: unknown): never => {
    if (error instanceof DrayError) throw error;
    throw new UnansweredError(url.host, proxy === undefined ? error : refusalIn(error), proxy?.url.host);
  };
  const { body, headers } = bodyOf(request);
  // `get` throws after `close`: turns that into a rejection too.
  const asked = (async () =>
    dispatchers.get(route).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers, ...request.headers },
      headersTimeout: typeof request.body === 'object' ? timeouts.storeMs : timeouts.headersMs,
      bodyTimeout: timeouts.idleMs,
      highWaterMark: bodyHighWaterMark,
      body,
      signal: signal ?? null,
    }))();
  const response = await asked.catch(fail);
  if (proxy !== undefined && response.statusCode === 407) {
    abandon(response.body);
    fail(new ProxyRefusal(407));
  }
  const values = (name: string): readonly string[] => [response.headers[name] ?? []].flat();
  return {
    status: response.statusCode,
    header: (name) => (response.headers[name] === undefined ? undefined : values(name).join(', ')),
    headers: values,
    body: response.body,
    url,
    secrets: proxy?.secrets ?? [],
  };
}

function bodyOf({ body }: HttpRequest): {
  readonly body: string | Uint8Array | Readable | null;
  readonly headers?: Readonly<Record<string, string>>;
} {
  if (typeof body !== 'object' || body instanceof Uint8Array) return { body: body ?? null };
  const stream = Readable.from(awaitingEarlyAnswer(body), { objectMode: false });
  return { body: stream, headers: { 'content-length': String(body.sizeBytes) } };
}

async function certificatesFor(
  { certificatesOf }: ConnectionOptions,
  { url, onBehalfOf }: HttpRequest,
): Promise<HostCertificates> {
  if (certificatesOf === undefined || url.protocol !== 'https:') return { caCertificates: [], clients: [] };
  const { caCertificates, clients } = await certificatesOf(url.host);
  if (onBehalfOf === undefined || onBehalfOf === url.host) return { caCertificates, clients };
  const other = await certificatesOf(onBehalfOf);
  return { caCertificates: [...caCertificates, ...other.caCertificates], clients };
}

// undici reports the status of a refused CONNECT only in its message.
function refusalIn(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('message' in error)) return error;
  const text = String(error.message);
  const status = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(text)?.[1];
  const isRefusal = ['UND_ERR_ABORTED', 'UND_ERR_INVALID_ARG'].includes(systemErrorCode(error) ?? '');
  return isRefusal && status !== undefined ? new ProxyRefusal(Number(status)) : error;
}
