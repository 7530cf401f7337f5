import { RegistryError, isPassingConnectionError, isPassingStatus, retryPause } from '@drayage/core';
import type { Clock, RetryPolicy } from '@drayage/core';

/** True for a failure that may pass by itself, as it came from the socket or already told as a {@link RegistryError}. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof RegistryError) {
    return error.status === undefined ? isPassingConnectionError(error.cause) : isPassingStatus(error.status);
  }
  return isPassingConnectionError(error);
}

/** The pause (ms) after the `failures`-th failure in a row: what the registry asked for, capped, else our own. */
export function pauseAfter(failures: number, error: unknown, policy: RetryPolicy, clock: Clock): number {
  const asked = error instanceof RegistryError ? error.details['retryAfterMs'] : undefined;
  return retryPause(failures, { askedMs: typeof asked === 'number' ? asked : undefined, policy, clock });
}

export interface Retry {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
}

/** What `run` resolves with; it is called again after a pause while it fails with something {@link isRetryable}. */
export async function withRetries<T>(
  { policy, clock }: Retry,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await run();
    } catch (error) {
      if (failures >= policy.attempts || !isRetryable(error) || signal?.aborted === true) throw error;
      await clock.sleep(pauseAfter(failures, error, policy, clock), signal);
    }
  }
}
