import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;

/** Waits for something that sends no event. Throws when it does not come true in time (10 s unless told). */
export async function waitUntil(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  { timeoutMs = 10_000 }: { timeoutMs?: number } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline)
      throw new Error(`cannot wait until ${what}: ${String(timeoutMs)} ms are over`);
    await pause(LOOK_EVERY_MS);
  }
}
