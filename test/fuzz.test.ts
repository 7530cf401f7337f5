import { randomInt } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { run } from './support/processes.ts';

const runs = 60;

/** Runs every fuzz target some times; resolves with what the command printed. */
async function fuzz(
  seed: number,
  ...more: readonly string[]
): Promise<{ code: number | undefined; output: string }> {
  const args = ['scripts/fuzz.mjs', '--no-build', '--runs', String(runs), '--seed', String(seed), ...more];
  const { exitCode, stdout, stderr } = await run(process.execPath, args);
  return { code: exitCode, output: stdout + stderr };
}

describe('fuzzing', () => {
  test.each([
    ['known', 1],
    ['new', randomInt(2 ** 31)],
  ])('finds nothing with a %s seed, %d', async (_, seed) => {
    const { code, output } = await fuzz(seed);
    // Shows the input, and the command that repeats it.
    expect(code === 0 ? 'no failures' : output).toBe('no failures');
    const [, tries = ''] = /^all +(\d+) +0$/m.exec(output) ?? [];
    expect(Number(tries)).toBeGreaterThan(30 * runs);
  });
});
