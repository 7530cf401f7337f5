import type { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import { Agent } from 'undici';

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
}

/** A request that got no answer; `cause` is the error of the socket. */
export class UnansweredError extends Error {
  /** `host[:port]` that was asked. */
  readonly host: string;

  constructor(host: string, cause: unknown) {
    super(`no answer from ${host}`, { cause });
    this.host = host;
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
}

// Larger than a socket read, so that a reader that is busy for a moment does not stop the socket at once.
const bodyHighWaterMark = 256 * 1024;

/** Connections with the given trust; nothing is opened before the first request. */
export function createConnections({ ca, userAgent, timeouts }: ConnectionOptions): Connections {
  const trust = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
  const limits = {
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.idleMs,
  };
  const connect = { timeout: timeouts.connectMs };
  const verifying = new Agent({ ...limits, connect: { ...connect, ...trust } });
  const trusting = new Agent({ ...limits, connect: { ...connect, rejectUnauthorized: false } });
  let closing: Promise<void> | undefined;
  return {
    async send({ method, url, headers, body, verifiesTls, signal }) {
      const agent = verifiesTls ? verifying : trusting;
      const asked = agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers },
        highWaterMark: bodyHighWaterMark,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
      const response = await asked.catch((error: unknown) => {
        throw new UnansweredError(url.host, error);
      });
      const values = (name: string): readonly string[] => [response.headers[name] ?? []].flat();
      return {
        status: response.statusCode,
        header: (name) => (response.headers[name] === undefined ? undefined : values(name).join(', ')),
        headers: values,
        body: response.body,
        url,
      };
    },
    close() {
      closing ??= Promise.all([verifying.destroy(), trusting.destroy()]).then(() => undefined);
      return closing;
    },
  };
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
