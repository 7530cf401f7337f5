import { DrayError, isDrayError } from '@drayage/core';

/** The gRPC status codes that drayage handles, by number. @see grpc.io "Status codes" */
const statusNames: ReadonlyMap<number, string> = new Map([
  [1, 'CANCELLED'],
  [3, 'INVALID_ARGUMENT'],
  [4, 'DEADLINE_EXCEEDED'],
  [5, 'NOT_FOUND'],
  [6, 'ALREADY_EXISTS'],
  [7, 'PERMISSION_DENIED'],
  [9, 'FAILED_PRECONDITION'],
  [12, 'UNIMPLEMENTED'],
  [13, 'INTERNAL'],
  [14, 'UNAVAILABLE'],
]);

/**
 * The error for a call that containerd refused or that did not reach it: `CONTAINERD_API` with
 * `details.status`.
 */
export function callFailed(call: string, code: number, text: string, cause?: unknown): DrayError {
  const status = statusNames.get(code) ?? String(code);
  return new DrayError('CONTAINERD_API', `cannot call ${call} of containerd: ${text} (${status})`, {
    hint: "Check the engine's log, or use --delivery load.",
    cause,
    details: { call, status },
  });
}

/** True if the error is a containerd error with one of these statuses. */
export function hasStatus(error: unknown, ...statuses: readonly string[]): boolean {
  return isDrayError(error, 'CONTAINERD_API') && statuses.includes(String(error.details['status']));
}

/** The result of a call, or undefined if containerd answers NOT_FOUND. */
export function absentAsUndefined<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: unknown) => {
    if (hasStatus(error, 'NOT_FOUND')) return undefined;
    throw error;
  });
}

/** True if the call created something; false if containerd answers ALREADY_EXISTS. */
export function madeAnew(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    (error: unknown) => {
      if (hasStatus(error, 'ALREADY_EXISTS')) return false;
      throw error;
    },
  );
}
