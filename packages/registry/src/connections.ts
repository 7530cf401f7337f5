import type { Readable } from 'node:stream';
import { systemErrorCode } from '@drayage/core';
import type { Dispatchers } from './dispatchers.ts';
import { createDispatchers } from './dispatchers.ts';
import type { HostCertificates } from './host-certificates.ts';
import type { ProxyRules } from './proxy/proxy-rules.ts';

/** Limits of a single request (ms). */
export interface Timeouts {
  /** Until the connection, TLS included, stands. */
  readonly connectMs: number;
  /** From the request until the header of the answer. */
  readonly headersMs: number;
  /** Longest silence within a body that is being read. */
  readonly idleMs: number;
}

export const defaultTimeouts: Timeouts = { connectMs: 10_000, headersMs: 30_000, idleMs: 60_000 };

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly verifiesTls: boolean;
  /**
   * The registry (`host[:port]`) on whose behalf another host is asked, its token service or object store: authorities that are trusted for
   * the registry are trusted there too. Client certificates are not shown to others.
   */
  readonly registryHost?: string;
  readonly signal: AbortSignal | undefined;
}

/** An answer whose body is still to be read, or to be given to {@link discard}. */
export interface HttpResponse {
  readonly status: number;
  /** The header's value; several of that name are joined by ", ". Names in lower case. */
  header(name: string): string | undefined;
  /** All values of a header that may come several times. */
  headers(name: string): readonly string[];
  /** Not decoded in any way. */
  readonly body: Readable;
  /** The URL that answered, after redirects. */
  readonly url: URL;
  /** What the way there knew and messages must not quote: the login of a proxy. */
  readonly secrets: readonly string[];
}

/** A request that got no answer; `cause` is the error of the socket. */
export class UnansweredError extends Error {
  /** `host[:port]` that was asked. */
  readonly host: string;
  /** `host[:port]` of the proxy that was to forward the request. */
  readonly proxyHost: string | undefined;

  constructor(host: string, cause: unknown, proxyHost?: string) {
    super(`no answer from ${host}`, { cause });
    this.host = host;
    this.proxyHost = proxyHost;
  }
}

/** The answer of a proxy that forwards nothing. */
export class ProxyRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the proxy answered ${String(status)}`);
    this.status = status;
  }
}

/** Pooled HTTP connections. One request, one answer: no redirects, no retries, no credentials of its own. */
export interface Connections {
  /** An answer of any status is no error. @throws UnansweredError */
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /** PEM certificates that are trusted beside the ones Node.js trusts. */
  readonly ca: string | undefined;
  readonly userAgent: string;
  readonly timeouts: Timeouts;
  /** Default: all hosts are asked directly. */
  readonly proxyFor?: ProxyRules;
  /** What TLS needs to know about a host (`host[:port]`). */
  readonly certificatesOf?: (host: string) => Promise<HostCertificates>;
}

// Larger than a socket read, so that a reader that is busy for a moment does not stop the socket at once.
const bodyHighWaterMark = 256 * 1024;

/** Connections with the given trust; nothing is opened before the first request. */
export function createConnections(options: ConnectionOptions): Connections {
  const { ca, timeouts } = options;
  const dispatchers = createDispatchers({ ca, connectMs: timeouts.connectMs });
  return {
    send: (request) => send(options, dispatchers, request),
    close: () => dispatchers.destroy(),
  };
}

async function send(
  options: ConnectionOptions,
  dispatchers: Dispatchers,
  request: HttpRequest,
): Promise<HttpResponse> {
  const { url, method, headers, body, verifiesTls, signal } = request;
  const { userAgent, timeouts } = options;
  const proxy = options.proxyFor?.(url);
  const route = { verifiesTls, proxy, ...(await certificatesFor(options, request)) };
  const fail = (error: unknown): never => {
    throw new UnansweredError(url.host, proxy === undefined ? error : told(error), proxy?.url.host);
  };
  // The pool of a closed source is no promise that rejects.
  const asked = (async () =>
    dispatchers.get(route).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers },
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.idleMs,
      highWaterMark: bodyHighWaterMark,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
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

async function certificatesFor(
  { certificatesOf }: ConnectionOptions,
  { url, registryHost }: HttpRequest,
): Promise<HostCertificates> {
  if (certificatesOf === undefined || url.protocol !== 'https:') return { authorities: [], clients: [] };
  const { authorities, clients } = await certificatesOf(url.host);
  if (registryHost === undefined || registryHost === url.host) return { authorities, clients };
  const registry = await certificatesOf(registryHost);
  return { authorities: [...authorities, ...registry.authorities], clients };
}

// The only place where undici tells the status of a refused CONNECT is its message.
function told(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('message' in error)) return error;
  const text = String(error.message);
  const status = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(text)?.[1];
  const isRefusal = ['UND_ERR_ABORTED', 'UND_ERR_INVALID_ARG'].includes(systemErrorCode(error) ?? '');
  return isRefusal && status !== undefined ? new ProxyRefusal(Number(status)) : error;
}

/**
 * At most `limit` bytes of a body, and whether that was all of it. The rest is not read: the connection is given up.
 * Rejects with the error of the socket.
 */
export async function readAtMost(
  body: Readable,
  limit: number,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const stream: AsyncIterable<Uint8Array> = body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop destroys the body.
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > limit) return { bytes: Buffer.concat(chunks).subarray(0, limit), isWhole: false };
  }
  return { bytes: Buffer.concat(chunks), isWhole: true };
}

/** Lets go of an answer nobody wants: a short body is read so that the connection can be used again, a long one is cut off. */
export async function discard(response: HttpResponse): Promise<void> {
  try {
    await readAtMost(response.body, 64 * 1024);
  } catch {
    // Its only use was the connection, which is gone now.
  }
}

/** Lets go of a body at once, whatever is left of it; the connection is given up. */
export function abandon(body: Readable): void {
  body.on('error', () => undefined);
  body.destroy();
}
