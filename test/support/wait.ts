import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;

/**
 * On a busy machine everything is slow: fails only for events that never happen, but before the time limit of
 * a test.
 */
const LIMIT_MS = 120_000;

/** Waits for something that sends no event. Throws when it has not come true after `limitMs`. */
export async function waitUntil(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  limitMs: number = LIMIT_MS,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline)
      throw new Error(`cannot wait until ${what}: ${String(limitMs)} ms are over`);
    await pause(LOOK_EVERY_MS);
  }
}
