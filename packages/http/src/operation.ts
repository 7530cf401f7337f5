import { DrayError, TransferError, type ErrorCode, type TransferSide } from '@drayage/core';
import { connectionFailure } from './failures.ts';

/** What a handover driver is doing for its caller, for messages. */
export interface Operation {
  /** As after "cannot": `write blob sha256:… to s3://bucket/prefix`. */
  readonly title: string;
  /** The verb of the port. */
  readonly name: string;
  readonly side: TransferSide;
  readonly digest?: string | undefined;
}

/** An operation at a handover location; `url` must be safe for messages. */
export function operationAt(
  { url }: { readonly url: string },
  name: string,
  what: string,
  more: { readonly direction: 'from' | 'to' | 'of' | 'in'; readonly digest?: string | undefined },
): Operation {
  return {
    title: `${name} ${what} ${more.direction} ${url}`,
    name,
    side: more.direction === 'from' ? 'source' : 'destination',
    digest: more.digest,
  };
}

/** `cannot TITLE: REASON`, with the side that failed. */
export function operationError(
  { title, name, side, digest }: Operation,
  code: ErrorCode,
  reason: string,
  more: {
    readonly hint?: string | undefined;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly cause?: unknown;
  } = {},
): TransferError {
  return new TransferError(code, `cannot ${title}: ${reason}`, { operation: name, side, digest, ...more });
}

/**
 * The error for a request to `host` that got no answer. Passes on a {@link DrayError}. `certificateHint` adds
 * where this kind of job finds the CA certificates.
 */
export function unreachable(
  operation: Operation,
  error: unknown,
  host: string,
  certificateHint = '',
): DrayError {
  if (error instanceof DrayError) return error;
  const failure = connectionFailure(error, host);
  const { kind, reason, proxyHost, code, status, cause } = failure;
  const details = {
    host: failure.host,
    ...(code !== undefined && { reason: code }),
    ...(status !== undefined && { proxyStatus: status }),
  };
  if (kind === 'protocol') {
    return operationError(operation, 'TRANSPORT_IO', `${failure.host} ${reason}`, { details, cause });
  }
  const who = proxyHost === undefined ? failure.host : `${failure.host}, through the proxy ${proxyHost},`;
  const hint =
    kind === 'certificate'
      ? `Pass the CA certificate of ${failure.host} with --ca-file${certificateHint}.`
      : `Check that ${failure.host} is up and can be reached from this job.`;
  return operationError(operation, 'TRANSPORT_UNREACHABLE', `${who} cannot be reached: ${reason}`, {
    hint,
    details,
    cause,
  });
}
