import type { ErrorCode, TransferError } from '@drayage/core';
import { operationError, parseRetryAfter, quotable, type HttpResponse, type Operation } from '@drayage/http';
import type { S3Fault } from './answers.ts';

export interface FailureContext {
  /** What messages must not repeat. */
  readonly secrets: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly bucket: string;
}

interface Explanation {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string | undefined;
}

/** Faults that pass by themselves although their status says otherwise. */
const passingFaults = new Set([
  'ConditionalRequestConflict',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'TooManyRequests',
]);

const fullFaults = new Set(['QuotaExceeded', 'StorageFull', 'XMinioStorageFull']);

/** The error for an unsuccessful answer; `fault` is what its body says. */
export function answerFailure(
  operation: Operation,
  response: HttpResponse,
  fault: S3Fault,
  { secrets, now, bucket }: FailureContext,
): TransferError {
  const { status, url } = response;
  const faultCode = quotable(fault.code, secrets).slice(0, 80);
  const answer = faultCode === '' ? String(status) : `${String(status)} ${faultCode}`;
  const isPassing = passingFaults.has(fault.code);
  const { code, reason, hint } = explain({ status, fault, isPassing, host: url.host, bucket, answer });
  const said = quotable(fault.message, [...secrets, ...response.secrets]);
  const retryAfterMs = parseRetryAfter(response.header('retry-after'), now);
  return operationError(operation, code, said === '' ? reason : `${reason}: ${said}`, {
    hint,
    details: {
      status,
      host: url.host,
      ...(faultCode !== '' && { fault: faultCode }),
      ...(isPassing && { isPassing }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  });
}

interface Answer {
  readonly status: number;
  readonly fault: S3Fault;
  readonly isPassing: boolean;
  readonly host: string;
  readonly bucket: string;
  /** Status and code, for messages. */
  readonly answer: string;
}

function explain({ status, fault, isPassing, host, bucket, answer }: Answer): Explanation {
  if (status === 507 || fullFaults.has(fault.code)) {
    return {
      code: 'DISK_FULL',
      reason: `${host} has no space left (${answer})`,
      hint: 'Free some space there.',
    };
  }
  if (isPassing || status === 429 || status === 408 || (status >= 500 && status !== 501)) {
    return { code: 'TRANSPORT_UNREACHABLE', reason: `${host} answered ${answer}`, hint: 'Try again later.' };
  }
  const denial = denials.get(fault.code);
  if (denial !== undefined) {
    const reason = `${host} refuses it (${answer})`;
    return { code: 'TRANSPORT_DENIED', reason, hint: denial.replace('BUCKET', bucket) };
  }
  if (status === 401 || status === 403) {
    return {
      code: 'TRANSPORT_DENIED',
      reason: `${host} refuses it (${answer})`,
      hint: `Allow s3:GetObject, s3:PutObject and s3:DeleteObject on ${bucket}/*, and s3:ListBucket on ${bucket}: without the last, S3 answers 403 for what does not exist.`,
    };
  }
  if (status >= 300 && status < 400) {
    return {
      code: 'TRANSPORT_IO',
      reason: `${host} answered ${answer}`,
      hint: 'Name the region of the bucket: ?region=….',
    };
  }
  return { code: 'TRANSPORT_IO', reason: `${host} answered ${answer}` };
}

const denials: ReadonlyMap<string, string> = new Map([
  ['NoSuchBucket', 'Create the bucket BUCKET, or name the right endpoint: ?endpoint=https://….'],
  ['InvalidAccessKeyId', 'Check that the access key belongs to this endpoint.'],
  ['InvalidToken', 'Check that the session token belongs to the access key.'],
  ['SignatureDoesNotMatch', 'Check AWS_SECRET_ACCESS_KEY, and that no proxy changes requests.'],
  ['ExpiredToken', 'Get new credentials; set a longer session, or let dray get them from the OIDC token.'],
  ['RequestTimeTooSkewed', 'Set the clock of this machine.'],
  ['AuthorizationHeaderMalformed', 'Name the region of the bucket BUCKET: ?region=….'],
]);
