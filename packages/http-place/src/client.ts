import { throwIfAborted, type DrayError } from '@drayage/core';
import {
  createConnections,
  defaultRetryPolicy,
  discard,
  followRedirects,
  operationError,
  parseRetryAfter,
  systemClock,
  unreachable,
  withDrayErrors,
  withRetries,
  type Clock,
  type ConnectionOptions,
  type FinalResponse,
  type HttpBody,
  type Operation,
  type Retry,
  type RetryPolicy,
} from '@drayage/http';
import type { HttpLocation } from './location.ts';

/** How the server is reached. */
export interface HttpAccess extends Pick<ConnectionOptions, 'ca' | 'proxyFor' | 'timeouts' | 'userAgent'> {
  /** The value of the `Authorization` header; it goes to the origin of the location only. Secret. */
  readonly authorization?: string | undefined;
  readonly retryPolicy?: RetryPolicy | undefined;
  readonly clock?: Clock | undefined;
}

export interface FileRequest {
  readonly method: string;
  /** Below the location, without a slash at its start; of letters, digits, `-`, `_`, `.` and `/` only. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | HttpBody | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Requests to one web server. */
export interface FileClient {
  readonly host: string;
  readonly retry: Retry;
  urlOf(path: string): URL;
  /**
   * One try; an answer of success, or of a status in `also`. Redirects of a GET or HEAD are followed.
   * @throws TransferError `TRANSPORT_DENIED`, `TRANSPORT_UNREACHABLE`, `TRANSPORT_IO`, `DISK_FULL`; DrayError
   * `ABORTED`
   */
  request(operation: Operation, request: FileRequest, also?: readonly number[]): Promise<FinalResponse>;
  /** Runs `run` with retries. Throws DrayErrors only. */
  persist<T>(operation: Operation, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A client that connects on first use. */
export function createFileClient({ base, query }: HttpLocation, access: HttpAccess): FileClient {
  const connections = createConnections(access);
  const clock = access.clock ?? systemClock;
  const retry = { policy: access.retryPolicy ?? defaultRetryPolicy, clock };
  const { authorization } = access;
  const credentials = authorization === undefined ? {} : { authorization };
  const guarded = <T>(
    operation: Operation,
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
  ): Promise<T> => {
    throwIfAborted(signal, operation.title);
    const toError = (error: unknown): DrayError => unreachable(operation, error, base.host);
    return withDrayErrors({ title: operation.title, signal }, toError, run);
  };
  const urlOf = (path: string): URL => {
    const url = new URL(path, base);
    url.search = query;
    return url;
  };
  return {
    host: base.host,
    retry,
    urlOf,
    request: async (operation, { path, ...request }, also = []) =>
      guarded(operation, request.signal, async () => {
        const sent = { ...request, url: urlOf(path) };
        const response = await followRedirects(connections, sent, { credentials });
        const { status } = response;
        if ((status >= 200 && status < 300) || also.includes(status)) return response;
        await discard(response);
        throw answerFailure(operation, response, clock.now());
      }),
    persist: async (operation, signal, run) =>
      guarded(operation, signal, () =>
        withRetries(retry, signal, () => {
          throwIfAborted(signal, operation.title);
          return run();
        }),
      ),
    close: () => connections.close(),
  };
}

/** Bodies are not quoted: they are pages for people. */
function answerFailure(operation: Operation, { status, url, header }: FinalResponse, now: number): DrayError {
  const retryAfterMs = parseRetryAfter(header('retry-after'), now);
  const details = { status, host: url.host, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  const fail = (code: Parameters<typeof operationError>[1], reason: string, hint?: string): DrayError =>
    operationError(operation, code, `${url.host} ${reason} (${String(status)})`, { hint, details });
  if (status === 507) return fail('DISK_FULL', 'has no space left', 'Free some space there.');
  if (status === 401 || status === 403) {
    const hint = 'Set DRAY_HTTP_TOKEN or a login in .netrc; a signed URL may have expired.';
    return fail('TRANSPORT_DENIED', 'refuses it', hint);
  }
  if (status === 405 || status === 501) {
    return fail(
      'TRANSPORT_DENIED',
      'does not allow it',
      'Use a server that takes PUT, such as nginx with dav_methods.',
    );
  }
  if (status === 408 || status === 429 || status >= 500) {
    return fail('TRANSPORT_UNREACHABLE', 'answered with an error', 'Try again later.');
  }
  return fail('TRANSPORT_IO', 'answered with an error');
}
