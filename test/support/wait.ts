import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;

/**
 * On a busy machine everything is slow: fails only for events that never happen, but before the time limit of
 * a test.
 */
const LIMIT_MS = 120_000;

/** Waits for something that sends no event. Throws when it has not come true after {@link LIMIT_MS}. */
export async function waitUntil(isTrue: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await isTrue())) {
    if (performance.now() > deadline)
      throw new Error(`cannot wait until ${what}: ${String(LIMIT_MS)} ms are over`);
    await pause(LOOK_EVERY_MS);
  }
}
