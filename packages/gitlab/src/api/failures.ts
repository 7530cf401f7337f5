import {
  DrayError,
  TransferError,
  isObject,
  isPassingConnectionError,
  isPassingStatus,
  maskSecrets,
  parseRetryAfter,
  printable,
  reasonOf,
  redactUrl,
  systemErrorCode,
} from '@drayage/core';
import type { ErrorCode } from '@drayage/core';
import type { HttpResponse } from '../http/connections.ts';
import { readBytes } from '../http/read-text.ts';
import { ProxyRefusal } from '../http/tunnel.ts';
import type { GitlabToken } from './access.ts';
import type { Operation } from './operation.ts';

const maxErrorBodyBytes = 64 * 1024;

const certificateCodes = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Who answered, and what messages must not repeat. */
export interface Answerer {
  readonly host: string;
  /** Not GitLab itself, but where it keeps its files. */
  readonly isStorage: boolean;
  readonly token: GitlabToken | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The error for an answer that is of no use. Reads what it needs of the body. */
export async function answerFailure(
  operation: Operation,
  response: HttpResponse,
  answerer: Answerer,
): Promise<TransferError> {
  const { status } = response;
  const said = await readMessage(response, answerer.token);
  const retryAfterMs = parseRetryAfter(response.header('retry-after'), answerer.now);
  const { code, reason, hint } = explain(status, said, answerer);
  const quote = said === '' ? '' : `: ${said}`;
  return new TransferError(code, `cannot ${operation.title}: ${reason}${quote}`, {
    ...sides(operation),
    ...(hint === undefined ? {} : { hint }),
    details: { status, host: answerer.host, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  });
}

/** The error for a request that got no answer. A {@link DrayError} comes back as it is. */
export function connectionFailure(operation: Operation, host: string, error: unknown): DrayError {
  if (error instanceof DrayError) return error;
  const code = systemErrorCode(error) ?? '';
  const isCertificate = certificateCodes.has(code);
  const reason =
    code === '' ? printable(reasonOf(error), 300) : `${printable(reasonOf(error), 300)} (${code})`;
  return new TransferError(
    'TRANSPORT_UNREACHABLE',
    `cannot ${operation.title}: ${host} cannot be reached: ${reason}`,
    {
      ...sides(operation),
      hint: isCertificate
        ? `Give the certificate authority of ${host} with --ca-file; the runner names its own in CI_SERVER_TLS_CA_FILE.`
        : `Check that ${host} is up and can be reached from this job.`,
      details: {
        host,
        ...(code === '' ? {} : { reason: code }),
        ...(error instanceof ProxyRefusal ? { proxyStatus: error.status } : {}),
      },
      cause: error,
    },
  );
}

/** True for a failure that may pass by itself. */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof TransferError)) return isPassingConnectionError(error);
  const { status } = error.details;
  return typeof status === 'number' ? isPassingStatus(status) : isPassingConnectionError(error.cause);
}

/** The HTTP status that an error tells of; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  const status = error instanceof TransferError ? error.details['status'] : undefined;
  return typeof status === 'number' ? status : undefined;
}

interface Explanation {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string;
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
      reason: `${who} takes no file of that size (${String(status)})`,
      hint: 'Raise the limit for generic packages in the settings of the GitLab instance, or hand over in another way.',
    };
  }
  const denials = new Map([
    [401, `${who} does not accept ${tokenName(token)} (401)`],
    [403, `${who} does not allow it to ${tokenName(token)} (403)`],
    [404, `${who} has no such project, or does not show it to ${tokenName(token)} (404)`],
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
    return 'Give DRAY_GITLAB_TOKEN a token of this project with the scope api and the role Developer.';
  }
  if (status === 401)
    return 'A job token is good only while its job runs: set DRAY_GITLAB_TOKEN to a token of the project.';
  return 'Check that the package registry of the project is on and that who started the pipeline may use it, or set DRAY_GITLAB_TOKEN.';
}

/** What GitLab says in a body such as `{"message": "…"}` or `{"error": "…"}`. */
async function readMessage(response: HttpResponse, token: GitlabToken | undefined): Promise<string> {
  try {
    const { bytes } = await readBytes(response.body, maxErrorBodyBytes);
    const body: unknown = JSON.parse(bytes.toString('utf8'));
    if (!isObject(body)) return '';
    const said = body['message'] ?? body['error'];
    const text = typeof said === 'string' ? said : JSON.stringify(said ?? '');
    const secrets = token === undefined ? [] : [token.value];
    return maskSecrets(redactUrls(printable(text, 300)), secrets);
  } catch {
    // The status says enough, whatever became of the body.
    return '';
  }
}

function redactUrls(text: string): string {
  return text.replace(/https?:\/\/[^\s"'<>]+/g, (url) => redactUrl(url));
}

function sides({ name, side, digest }: Operation): {
  readonly operation: string;
  readonly side: Operation['side'];
  readonly digest?: string;
} {
  return { operation: name, side, ...(digest === undefined ? {} : { digest }) };
}
