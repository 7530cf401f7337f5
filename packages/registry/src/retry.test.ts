import { describe, expect, test } from '@jest/globals';
import { RegistryError } from '@drayage/core';
import { defaultRetryPolicy, isRetryable, parseRetryAfter, pauseAfter, withRetries } from './retry.ts';
import { testClock } from './testing/clock.ts';

const answered = (status: number, retryAfterMs?: number): RegistryError =>
  new RegistryError('REGISTRY_PROTOCOL', 'cannot test', {
    status,
    details: retryAfterMs === undefined ? {} : { retryAfterMs },
  });
const socketError = (code: string): Error => Object.assign(new Error(code), { code });

describe('retries', () => {
  test.each([408, 429, 500, 502, 503, 504])('status %i is tried again', (status) => {
    expect(isRetryable(answered(status))).toBe(true);
  });

  test.each([400, 401, 403, 404, 405, 416, 501, 505])('status %i is not', (status) => {
    expect(isRetryable(answered(status))).toBe(false);
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

  test('pauses are jittered over a doubling range with an upper end', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7].map((n) =>
      pauseAfter(n, answered(503), defaultRetryPolicy, testClock(0.5)),
    );
    expect(pauses).toEqual([125, 250, 500, 1000, 2000, 2500, 2500]);
  });

  test('what the registry asks for is waited, up to the cap', () => {
    expect(pauseAfter(1, answered(429, 7000), defaultRetryPolicy, testClock())).toBe(7000);
    expect(pauseAfter(1, answered(429, 7_000_000), defaultRetryPolicy, testClock())).toBe(30_000);
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

  test('Retry-After is seconds or a date', () => {
    const now = Date.parse('Wed, 21 Oct 2015 07:28:00 GMT');
    expect(parseRetryAfter('120', now)).toBe(120_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:30 GMT', now)).toBe(30_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:00:00 GMT', now)).toBe(0);
    for (const text of [undefined, '', '-1', '1.5', 'soon', '2015-10-21']) {
      expect(parseRetryAfter(text, now)).toBeUndefined();
    }
  });
});
