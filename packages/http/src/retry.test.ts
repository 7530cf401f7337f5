import { describe, expect, test } from '@jest/globals';
import { RegistryError } from '@drayage/core';
import { defaultRetryPolicy, isRetryable, pauseAfter, withRetries } from './retry.ts';
import { testClock } from './testing/clock.ts';

const answered = (status: number, retryAfterMs?: number): RegistryError =>
  new RegistryError('REGISTRY_PROTOCOL', 'cannot test', {
    status,
    details: retryAfterMs === undefined ? {} : { retryAfterMs },
  });
const socketError = (code: string): Error => Object.assign(new Error(code), { code });

describe('retries', () => {
  test('are for answers that may be others a moment later', () => {
    expect([503, 429, 404].map((status) => isRetryable(answered(status)))).toEqual([true, true, false]);
  });

  test('lost connections are tried again, unknown names and untrusted certificates are not', () => {
    expect(isRetryable(socketError('ECONNRESET'))).toBe(true);
    expect(
      isRetryable(new RegistryError('REGISTRY_UNREACHABLE', 'x', { cause: socketError('ECONNREFUSED') })),
    ).toBe(true);
    expect(isRetryable(socketError('ENOTFOUND'))).toBe(false);
    expect(isRetryable(socketError('DEPTH_ZERO_SELF_SIGNED_CERT'))).toBe(false);
    expect(isRetryable(new TypeError('bug'))).toBe(false);
  });

  test('what the registry asks for is waited, up to the cap', () => {
    const retry = { policy: defaultRetryPolicy, clock: testClock() };
    expect(pauseAfter(1, answered(429, 7000), retry)).toBe(7000);
    expect(pauseAfter(1, answered(429, 7_000_000), retry)).toBe(30_000);
  });

  test('with a deadline, what the registry asks for is waited up to it, and said', async () => {
    const clock = testClock();
    const said: number[] = [];
    const retry = {
      ...{ policy: defaultRetryPolicy, clock, deadlineAt: clock.now() + 100_000 },
      onWait: (_: unknown, ms: number) => said.push(ms),
    };
    let runs = 0;
    const run = withRetries(retry, undefined, () => {
      runs += 1;
      return Promise.reject(answered(429, 40_000));
    });
    await expect(run).rejects.toMatchObject({ status: 429 });
    expect([runs, clock.pauses, said]).toEqual([3, [40_000, 40_000], [40_000, 40_000]]);
  });

  test('after the last attempt the error comes out', async () => {
    const clock = testClock();
    let runs = 0;
    const run = withRetries({ policy: { ...defaultRetryPolicy, attempts: 3 }, clock }, undefined, () => {
      runs += 1;
      return Promise.reject(answered(503));
    });
    await expect(run).rejects.toMatchObject({ status: 503 });
    expect([runs, clock.pauses.length]).toEqual([3, 2]);
  });
});
