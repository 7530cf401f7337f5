import { DrayError } from '@drayage/core';

const defaultHint = 'Use --delivery load, which needs nothing but the Docker API.';

/** The error for an engine into which we cannot mount from here: `MOUNT_UNAVAILABLE`. */
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
