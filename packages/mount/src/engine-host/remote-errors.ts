import { DrayError } from '@drayage/core';

/** The error for a helper that does not do its work any more: `ENGINE_HELPER_FAILED`. */
export function helperFailed(location: string, reason: string, cause?: unknown): DrayError {
  const message = `cannot work through the helper on ${location}: ${reason}`;
  return new DrayError('ENGINE_HELPER_FAILED', message, {
    hint: 'Check that the engine still runs, or use --delivery load.',
    cause,
  });
}
