import {
  DrayError,
  abortError,
  isObject,
  maskSecrets,
  printable,
  reasonOf,
  redactUrl,
  systemErrorCode,
} from '@drayage/core';
import { errors } from 'undici';
import { EncodingError, readJson } from './bodies.ts';
import { ProxyRefusal, UnansweredError, type HttpResponse } from './connections.ts';
import { RedirectError } from './redirects.ts';

/**
 * Why a request got no usable response, in words that fit after `HOST cannot be reached: ` (`protocol`: after
 * `HOST `).
 * `closed`: the connections were closed meanwhile.
 */
export interface ConnectionFailure {
  readonly kind: 'certificate' | 'tls' | 'name' | 'proxy' | 'connection' | 'protocol' | 'closed';
  readonly reason: string;
  /** `host[:port]` of the server. */
  readonly host: string;
  readonly proxyHost: string | undefined;
  /** The code of the socket's error. */
  readonly code: string | undefined;
  /** The status with which the proxy refused. */
  readonly status: number | undefined;
  /** Undefined if it can quote what the server sent. */
  readonly cause: unknown;
}

const maxErrorBodyBytes = 64 * 1024;

type Known = readonly [kind: ConnectionFailure['kind'], reason: string];

const knownCodes: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['CERT_HAS_EXPIRED', ['certificate', 'its certificate has expired']],
  ['CERT_NOT_YET_VALID', ['certificate', 'its certificate is not valid yet']],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', ['certificate', 'its certificate is self-signed']],
  ['SELF_SIGNED_CERT_IN_CHAIN', ['certificate', 'its certificate comes from an unknown CA']],
  ['UNABLE_TO_GET_ISSUER_CERT', ['certificate', 'its certificate comes from an unknown CA']],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', ['certificate', 'its certificate comes from an unknown CA']],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', ['certificate', 'its certificate comes from an unknown CA']],
  ['ERR_TLS_CERT_ALTNAME_INVALID', ['certificate', 'its certificate is for another host']],
  ['EPROTO', ['tls', 'it does not speak TLS']],
  ['ERR_SSL_WRONG_VERSION_NUMBER', ['tls', 'it does not speak TLS']],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', ['tls', 'it does not speak TLS']],
  ['BODY_TOO_SLOW', ['connection', 'it sends too slowly']],
  ['ENOTFOUND', ['name', 'the host name is unknown']],
  ['EAI_AGAIN', ['connection', 'the host name could not be looked up']],
  ['ECONNREFUSED', ['connection', 'the connection was refused']],
  ['ECONNRESET', ['connection', 'the connection was reset']],
  ['ETIMEDOUT', ['connection', 'the connection timed out']],
  ['UND_ERR_CONNECT_TIMEOUT', ['connection', 'the connection timed out']],
  ['UND_ERR_HEADERS_TIMEOUT', ['connection', 'it did not answer in time']],
  ['UND_ERR_BODY_TIMEOUT', ['connection', 'it stopped sending']],
  ['UND_ERR_SOCKET', ['connection', 'the connection was lost']],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', ['connection', 'the connection was lost']],
]);

const proxyReasons = new Map([
  [403, 'the proxy does not allow it (403)'],
  [407, 'the proxy rejects the credentials (407)'],
]);

/** Explains a connection error; `host` is the server if the error does not name it. */
export function connectionFailure(error: unknown, host: string): ConnectionFailure {
  if (error instanceof UnansweredError) return explain(error.cause, error.host, error.proxyHost);
  return explain(error, error instanceof RedirectError ? error.host : host, undefined);
}

function explain(error: unknown, host: string, proxyHost: string | undefined): ConnectionFailure {
  const code = systemErrorCode(error);
  const base = { host, proxyHost, code, status: undefined, cause: error };
  if (error instanceof RedirectError || error instanceof EncodingError) {
    return { ...base, kind: 'protocol', reason: `sent ${error.message}` };
  }
  if (code === 'UND_ERR_DESTROYED') return { ...base, kind: 'closed', reason: 'connections are closed' };
  // Parser errors quote arbitrary received bytes, so they must not become a cause.
  if (error instanceof errors.HTTPParserError) {
    return { ...base, kind: 'protocol', reason: 'does not speak HTTP', cause: undefined };
  }
  if (error instanceof ProxyRefusal) {
    const { status } = error;
    const reason = proxyReasons.get(status) ?? `the proxy answered ${String(status)}`;
    return { ...base, kind: 'proxy', reason, status };
  }
  const [kind, known] = knownCodes.get(code ?? '') ?? ['connection', undefined];
  const text = known ?? printable(reasonOf(error), 300);
  const reason = known === undefined || code === undefined ? text : `${text} (${code})`;
  return { ...base, kind: proxyHost === undefined || kind === 'certificate' ? kind : 'proxy', reason };
}

/**
 * Returns the result of `run`. An abort becomes `ABORTED`; any error that is not a DrayError goes through
 * `toError`.
 */
export async function withDrayErrors<T>(
  { title, signal }: { readonly title: string; readonly signal: AbortSignal | undefined },
  toError: (error: unknown) => DrayError,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (signal?.aborted === true) throw abortError(signal, title);
    throw error instanceof DrayError ? error : toError(error);
  }
}

/**
 * The JSON object in the body of an error response; empty if the body is not one. Reads at most 64
 * KiB.
 */
export async function readErrorObject(response: HttpResponse): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value = await readJson(response, maxErrorBodyBytes);
    return isObject(value) ? value : {};
  } catch {
    // The status is sufficient if the body cannot be read.
    return {};
  }
}

/**
 * A server's text made safe for a message: one line of at most 300 characters, without URL queries and
 * without `secrets`.
 */
export function quotable(text: string, secrets: Iterable<string>): string {
  const redacted = printable(text, 300).replace(/https?:\/\/[^\s"'<>]+/g, (url) => redactUrl(url));
  return maskSecrets(redacted, secrets);
}
