import { DrayError } from '@drayage/core';

/** The error for a helper container that no longer works: `ENGINE_HELPER_FAILED`. */
export function helperFailed(location: string, reason: string, cause?: unknown): DrayError {
  const message = `cannot use the helper container on ${location}: ${reason}`;
  return new DrayError('ENGINE_HELPER_FAILED', message, {
    hint: 'Check that the engine still runs, or use --delivery load.',
    cause,
  });
}
