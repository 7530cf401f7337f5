import { DrayError } from '@drayage/core';

/** The error for an engine beside which no other can be started: `MOUNT_UNAVAILABLE`. */
export function besideUnavailable(location: string, reason: string, cause?: unknown): DrayError {
  return new DrayError('MOUNT_UNAVAILABLE', `cannot start an engine beside ${location}: ${reason}`, {
    hint: 'Use --delivery load, which needs only the Docker API.',
    cause,
  });
}
