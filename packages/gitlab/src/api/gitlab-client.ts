import {
  TransferError,
  UsageError,
  abortError,
  defaultRetryPolicy,
  redactUrl,
  retryPause,
  systemClock,
  throwIfAborted,
} from '@drayage/core';
import type { Clock, RetryPolicy } from '@drayage/core';
import { createConnections, defaultTimeouts } from '../http/connections.ts';
import type { Connections, HttpBody, HttpResponse } from '../http/connections.ts';
import { tokenHeader } from './access.ts';
import type { GitlabAccess, GitlabToken } from './access.ts';
import { answerFailure, connectionFailure, isRetryable } from './failures.ts';
import type { Operation } from './operation.ts';

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
const maxRedirects = 10;

/** A request to the API of GitLab. */
export interface ApiRequest {
  readonly method: string;
  /** Below the API's URL, without a slash at the start; parts encoded. */
  readonly path: string;
  /** Without the question mark. */
  readonly query?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Requests to one GitLab, with the token where it belongs. */
export interface GitlabClient {
  /** Ends in a slash. */
  readonly apiUrl: URL;
  readonly projectId: string;
  readonly token: GitlabToken | undefined;
  readonly retry: { readonly policy: RetryPolicy; readonly clock: Clock };
  /**
   * One answer of success, or of a status among `also`. Redirects of a GET are followed; the token stays at the origin of the API.
   * @throws TransferError `TRANSPORT_DENIED`, `TRANSPORT_UNREACHABLE`, `TRANSPORT_IO`; DrayError `ABORTED`
   */
  request(operation: Operation, request: ApiRequest, also?: readonly number[]): Promise<HttpResponse>;
  /** What `run` resolves with; it is called again after a pause while it fails with what may pass by itself. */
  retrying<T>(operation: Operation, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T>;
  /** By the server's clock, as far as it told it (ms since the epoch). */
  now(): number;
  close(): void;
}

/** A client that connects when it is first used. @throws UsageError `USAGE` when `apiUrl` is no http(s) URL */
export function createGitlabClient(access: GitlabAccess): GitlabClient {
  const apiUrl = parseApiUrl(access.apiUrl);
  const connections = createConnections(access, access.timeouts ?? defaultTimeouts);
  const clock = access.clock ?? systemClock;
  const policy = access.retryPolicy ?? defaultRetryPolicy;
  const { token, projectId, userAgent } = access;
  let aheadMs = 0;
  const onDate = (date: number): void => {
    aheadMs = date - clock.now();
  };
  const sending: Sending = { apiUrl, connections, token, userAgent, clock, onDate };
  return {
    apiUrl,
    projectId,
    token,
    retry: { policy, clock },
    request: (operation, request, also) => send(sending, operation, request, also ?? []),
    async retrying(operation, signal, run) {
      for (let failures = 1; ; failures += 1) {
        throwIfAborted(signal, operation.title);
        try {
          return await run();
        } catch (error) {
          if (signal?.aborted === true) throw abortError(signal, operation.title);
          if (failures >= policy.attempts || !isRetryable(error)) throw error;
          await pause(failures, error, { policy, clock, signal, title: operation.title });
        }
      }
    },
    now: () => clock.now() + aheadMs,
    close: () => connections.close(),
  };
}

/** Waits as {@link retryPause} says. @throws DrayError `ABORTED` */
export async function pause(
  failures: number,
  error: unknown,
  {
    policy,
    clock,
    signal,
    title,
  }: { policy: RetryPolicy; clock: Clock; signal: AbortSignal | undefined; title: string },
): Promise<void> {
  const asked = error instanceof TransferError ? error.details['retryAfterMs'] : undefined;
  const askedMs = typeof asked === 'number' ? asked : undefined;
  try {
    await clock.sleep(retryPause(failures, { askedMs, policy, clock }), signal);
  } catch (cause) {
    throwIfAborted(signal, title);
    throw cause;
  }
}

interface Sending {
  readonly apiUrl: URL;
  readonly connections: Connections;
  readonly token: GitlabToken | undefined;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly onDate: (date: number) => void;
}

async function send(
  sending: Sending,
  operation: Operation,
  request: ApiRequest,
  also: readonly number[],
): Promise<HttpResponse> {
  const { apiUrl, connections, token, userAgent, clock, onDate } = sending;
  const { method, body, signal } = request;
  throwIfAborted(signal, operation.title);
  let url = new URL(`${request.path}${request.query === undefined ? '' : `?${request.query}`}`, apiUrl);
  let isForeign = false;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const headers = {
      'user-agent': userAgent,
      ...request.headers,
      ...(isForeign ? {} : tokenHeader(token)),
    };
    const response = await connections
      .send({ method, url, headers, body, signal })
      .catch((error: unknown) => {
        if (signal?.aborted === true) throw abortError(signal, operation.title);
        throw connectionFailure(operation, url.host, error);
      });
    const date = Date.parse(response.header('date') ?? '');
    if (!isForeign && !Number.isNaN(date)) onDate(date);
    const isRedirect = method === 'GET' && redirectStatuses.has(response.status);
    if (!isRedirect) {
      const isFine = (response.status >= 200 && response.status < 300) || also.includes(response.status);
      if (isFine) return response;
      const answerer = { host: url.host, isStorage: isForeign, token, now: clock.now() };
      throw await answerFailure(operation, response, answerer);
    }
    response.body.resume();
    url = target(operation, response.header('location'), url);
    isForeign ||= url.origin !== apiUrl.origin;
  }
  throw badRedirect(operation, url.host, `more than ${String(maxRedirects)} redirects`);
}

// The location may carry a signature that is as good as a token, so no message quotes it.
function target(operation: Operation, location: string | undefined, base: URL): URL {
  const url =
    location !== undefined && URL.canParse(location, base.href) ? new URL(location, base) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw badRedirect(operation, base.host, 'a redirect to nowhere');
}

function badRedirect({ title, name, side, digest }: Operation, host: string, what: string): TransferError {
  return new TransferError('TRANSPORT_IO', `cannot ${title}: ${host} sent ${what}`, {
    operation: name,
    side,
    ...(digest === undefined ? {} : { digest }),
    details: { host },
  });
}

function parseApiUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new UsageError('USAGE', `cannot ask GitLab at ${redactUrl(text)}: it is no http or https URL`, {
      hint: 'Set CI_API_V4_URL as GitLab does, such as https://gitlab.example/api/v4.',
    });
  }
  return new URL(`${url.origin}${url.pathname.replace(/\/*$/, '/')}`);
}
