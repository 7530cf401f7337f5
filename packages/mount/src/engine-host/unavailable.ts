import { DrayError } from '@drayage/core';
import type { ProgramResult } from '@drayage/host';

const defaultHint = 'Use --delivery load, which needs only the Docker API.';

/** The error for an engine that this process cannot mount into: `MOUNT_UNAVAILABLE`. */
export function mountUnavailable(
  location: string,
  reason: string,
  options: { readonly hint?: string | undefined; readonly cause?: unknown } = {},
): DrayError {
  const { hint = defaultHint, cause } = options;
  return new DrayError('MOUNT_UNAVAILABLE', `cannot mount into engine at ${location}: ${reason}`, {
    hint,
    cause,
  });
}

/**
 * Returns the result of a program on the engine's side.
 * @throws DrayError `MOUNT_UNAVAILABLE` if it did not start
 */
export function requireStarted(
  result: ProgramResult,
  [program = '']: readonly string[],
  location: string,
): ProgramResult {
  const { startError: cause, stderr } = result;
  if (cause === undefined) return result;
  throw new DrayError('MOUNT_UNAVAILABLE', `cannot run ${program} on ${location}: ${stderr}`, {
    hint: "Install it on the engine's host, or use --delivery load.",
    cause,
  });
}
