import type { DrayError, ErrorCode, TransferError } from '@drayage/core';
import {
  operationError,
  parseRetryAfter,
  quotable,
  readErrorObject,
  unreachable as requestFailure,
  type FinalResponse,
  type Operation,
} from '@drayage/http';
import type { GitlabToken } from './access.ts';

export interface AnswerContext {
  /** The token that was sent; messages must not repeat it. */
  readonly token: GitlabToken | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The error for an unsuccessful response. Reads as much of the body as it needs. */
export async function answerFailure(
  operation: Operation,
  response: FinalResponse,
  { token, now }: AnswerContext,
): Promise<TransferError> {
  const { status, isForeign } = response;
  const { host } = response.url;
  const said = await readMessage(response, token);
  const retryAfterMs = parseRetryAfter(response.header('retry-after'), now);
  const { code, reason, hint } = explain(status, said, { host, isStorage: isForeign, token });
  return operationError(operation, code, said === '' ? reason : `${reason}: ${said}`, {
    hint,
    details: { status, host, ...(retryAfterMs !== undefined && { retryAfterMs }) },
  });
}

/** The error for a request to `host` without a response. Passes on a {@link DrayError}. */
export function unreachable(operation: Operation, error: unknown, host: string): DrayError {
  const hint = '; the runner names its own in CI_SERVER_TLS_CA_FILE';
  return requestFailure(operation, error, host, hint);
}

/** The server that answered. */
interface Answerer {
  readonly host: string;
  /** True: the object storage answered, not GitLab itself. */
  readonly isStorage: boolean;
  readonly token: GitlabToken | undefined;
}

interface Explanation {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string | undefined;
}

function explain(status: number, said: string, { host, isStorage, token }: Answerer): Explanation {
  const who = isStorage ? `the object storage ${host}` : host;
  if (status === 429 || status === 408 || status >= 500) {
    const reason = status === 429 ? `${who} limits the rate (429)` : `${who} answered ${String(status)}`;
    return { code: 'TRANSPORT_UNREACHABLE', reason, hint: 'Try again later.' };
  }
  if (isStorage) return { code: 'TRANSPORT_IO', reason: `${who} answered ${String(status)}` };
  if (status === 413 || /too large/i.test(said)) {
    return {
      code: 'TRANSPORT_IO',
      reason: `${who} does not accept a file of that size (${String(status)})`,
      hint: 'Raise the limit for generic packages in the settings of the GitLab instance, or use another handover.',
    };
  }
  const denials = new Map([
    [401, `${who} does not accept ${tokenName(token)} (401)`],
    [403, `${who} does not allow this for ${tokenName(token)} (403)`],
    [404, `${who} has no such project, or hides it from ${tokenName(token)} (404)`],
  ]);
  const denial = denials.get(status);
  if (denial !== undefined) {
    return { code: 'TRANSPORT_DENIED', reason: denial, hint: tokenHint(status, token) };
  }
  return { code: 'TRANSPORT_IO', reason: `${who} answered ${String(status)}` };
}

function tokenName(token: GitlabToken | undefined): string {
  if (token === undefined) return 'a request without a token';
  return token.kind === 'job' ? 'the job token' : 'the token in DRAY_GITLAB_TOKEN';
}

function tokenHint(status: number, token: GitlabToken | undefined): string {
  if (token === undefined) return 'Run it in a GitLab job, which has CI_JOB_TOKEN, or set DRAY_GITLAB_TOKEN.';
  if (token.kind === 'access') {
    return 'Set DRAY_GITLAB_TOKEN to a token of this project with the scope api and the role Developer.';
  }
  if (status === 401)
    return 'A job token is valid only while its job runs: set DRAY_GITLAB_TOKEN to a token of the project.';
  return 'Check that the package registry of the project is on and that the user who started the pipeline can use it, or set DRAY_GITLAB_TOKEN.';
}

/** GitLab's message in a body such as `{"message": "…"}` or `{"error": "…"}`. */
async function readMessage(response: FinalResponse, token: GitlabToken | undefined): Promise<string> {
  const { message, error } = await readErrorObject(response);
  const said = message ?? error ?? '';
  const secrets = [...response.secrets, response.url.search, ...(token === undefined ? [] : [token.value])];
  return quotable(typeof said === 'string' ? said : JSON.stringify(said), secrets);
}
