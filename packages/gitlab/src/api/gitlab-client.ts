import { UsageError, redactUrl, throwIfAborted } from '@drayage/core';
import {
  createConnections,
  defaultRetryPolicy,
  followRedirects,
  systemClock,
  withDrayErrors,
  withRetries,
  type FinalResponse,
  type HttpBody,
  type Operation,
  type Retry,
} from '@drayage/http';
import { tokenHeader, type GitlabAccess } from './access.ts';
import { answerFailure, unreachable } from './failures.ts';

/** A request to the API of GitLab. */
export interface ApiRequest {
  readonly method: string;
  /** Below the API's URL, without a slash at the start; parts encoded. */
  readonly path: string;
  /** Without the question mark. */
  readonly query?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: HttpBody | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Sends requests to one GitLab; sends the token only to its API. */
export interface GitlabClient {
  /** Ends in a slash. */
  readonly apiUrl: URL;
  readonly projectId: string;
  readonly retry: Retry;
  /**
   * One attempt; resolves with a successful response, or one with a status in `also`. Follows redirects of a
   * GET; the token stays at the origin of the API.
   * @throws TransferError `TRANSPORT_DENIED`, `TRANSPORT_UNREACHABLE`, `TRANSPORT_IO`; DrayError `ABORTED`
   */
  request(operation: Operation, request: ApiRequest, also?: readonly number[]): Promise<FinalResponse>;
  /** Runs `run` with retries. Throws DrayErrors only. */
  persist<T>(operation: Operation, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T>;
  /** The server's time in its last response (ms since the epoch). */
  now(): number;
  close(): Promise<void>;
}

/** A client that connects on first use. @throws UsageError `USAGE` if `apiUrl` is not an http(s) URL */
export function createGitlabClient(access: GitlabAccess): GitlabClient {
  const apiUrl = parseApiUrl(access.apiUrl);
  // GitLab answers lists of large projects slowly.
  const connections = createConnections({ ...access, timeouts: { headersMs: 60_000, ...access.timeouts } });
  const clock = access.clock ?? systemClock;
  const retry = { policy: access.retryPolicy ?? defaultRetryPolicy, clock };
  const { token, projectId } = access;
  let aheadMs = 0;
  return {
    apiUrl,
    projectId,
    retry,
    async request(operation, { path, query, ...request }, also = []) {
      throwIfAborted(request.signal, operation.title);
      const url = new URL(`${path}${query === undefined ? '' : `?${query}`}`, apiUrl);
      const response = await translated(operation, url, request.signal, () =>
        followRedirects(connections, { ...request, url }, { credentials: tokenHeader(token) }),
      );
      const date = Date.parse(response.header('date') ?? '');
      if (!response.isForeign && !Number.isNaN(date)) aheadMs = date - clock.now();
      const { status } = response;
      if ((status >= 200 && status < 300) || also.includes(status)) return response;
      throw await answerFailure(operation, response, { token, now: clock.now() });
    },
    persist: (operation, signal, run) =>
      translated(operation, apiUrl, signal, () =>
        withRetries(retry, signal, () => {
          throwIfAborted(signal, operation.title);
          return run();
        }),
      ),
    now: () => clock.now() + aheadMs,
    close: () => connections.close(),
  };
}

function translated<T>(
  operation: Operation,
  { host }: URL,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  return withDrayErrors(
    { title: operation.title, signal },
    (error) => unreachable(operation, error, host),
    run,
  );
}

function parseApiUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new UsageError('USAGE', `cannot ask GitLab at ${redactUrl(text)}: not an http or https URL`, {
      hint: 'Set CI_API_V4_URL as GitLab does, such as https://gitlab.example/api/v4.',
    });
  }
  return new URL(`${url.origin}${url.pathname.replace(/\/*$/, '/')}`);
}
