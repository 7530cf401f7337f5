import type { Clock } from '../retry.ts';

/** A clock that advances only during sleeps or by hand. */
export interface TestClock extends Clock {
  /** Every pause so far (ms). */
  readonly pauses: readonly number[];
  advance(ms: number): void;
}

/** A clock whose pauses take no time; `random` always gives `chance`. */
export function testClock(chance = 0): TestClock {
  let time = 1_700_000_000_000;
  const pauses: number[] = [];
  return {
    pauses,
    now: () => time,
    random: () => chance,
    sleep: (ms, signal) => {
      pauses.push(ms);
      time += ms;
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) reject(new Error('aborted', { cause: signal.reason }));
        else setImmediate(resolve);
      });
    },
    advance: (ms) => {
      time += ms;
    },
  };
}
