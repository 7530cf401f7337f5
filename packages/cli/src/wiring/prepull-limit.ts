import { DrayError } from '@drayage/core';
import type { CommandContext } from '../command.ts';
import { humanDuration } from '../output/quantities.ts';

/** The time that a whole pre-pull may take. */
export interface PrepullLimit {
  /** Milliseconds since the epoch. */
  readonly endsAt: number;
  /** Aborts at that time, with `TIMED_OUT`, or when the command is stopped. */
  readonly signal: AbortSignal;
  /** Ends the timer. */
  release(): void;
}

const defaultLimitMs = 3_600_000;

/**
 * Starts the time limit of a pre-pull. The `timeout` of a configuration file is for the jobs that wait: it
 * must not cut off what they wait for.
 */
export function startPrepullLimit({ config, origins, signal }: CommandContext): PrepullLimit {
  const isGiven = ['--timeout', 'DRAY_TIMEOUT'].includes(origins.get('timeoutMs') ?? '');
  const limitMs = isGiven ? config.timeoutMs : defaultLimitMs;
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new DrayError(
        'TIMED_OUT',
        `cannot pre-pull: it takes longer than the limit of ${humanDuration(limitMs)}`,
        { hint: 'Raise --timeout, or find out what is slow.' },
      ),
    );
  }, limitMs);
  return {
    endsAt: Date.now() + limitMs,
    signal: AbortSignal.any([signal, controller.signal]),
    release: () => {
      clearTimeout(timer);
    },
  };
}
