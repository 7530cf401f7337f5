import { describe, expect, test } from '@jest/globals';
import {
  defaultRetryPolicy,
  isPassingConnectionError,
  isPassingStatus,
  parseRetryAfter,
  retryPause,
  type Clock,
} from './retry.ts';

const clock: Clock = { now: () => 0, random: () => 0.5, sleep: () => Promise.resolve() };
const policy = defaultRetryPolicy;

describe('what is tried again', () => {
  test.each([408, 429, 500, 502, 503, 504])('status %i', (status) => {
    expect(isPassingStatus(status)).toBe(true);
  });

  test.each([400, 401, 403, 404, 405, 413, 416, 501, 505])('not status %i', (status) => {
    expect(isPassingStatus(status)).toBe(false);
  });

  test('lost connections, but not unknown names and untrusted certificates', () => {
    const verdicts = ['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'DEPTH_ZERO_SELF_SIGNED_CERT'].map((code) =>
      isPassingConnectionError(Object.assign(new Error(code), { code })),
    );
    expect(verdicts).toEqual([true, true, false, false]);
    expect(isPassingConnectionError(new TypeError('bug'))).toBe(false);
  });
});

describe('pauses', () => {
  test('are jittered over a doubling range with an upper end', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7].map((n) => retryPause(n, { askedMs: undefined, policy, clock }));
    expect(pauses).toEqual([125, 250, 500, 1000, 2000, 2500, 2500]);
  });

  test('are as long as was asked for, up to the cap', () => {
    expect(retryPause(1, { askedMs: 7000, policy, clock })).toBe(7125);
    expect(retryPause(1, { askedMs: 7_000_000, policy, clock })).toBe(30_125);
  });

  test('are asked for in seconds or by a date', () => {
    const now = Date.parse('Wed, 21 Oct 2015 07:28:00 GMT');
    expect(parseRetryAfter('120', now)).toBe(120_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:28:30 GMT', now)).toBe(30_000);
    expect(parseRetryAfter('Wed, 21 Oct 2015 07:00:00 GMT', now)).toBe(0);
    for (const text of [undefined, '', '-1', '1.5', 'soon', '2015-10-21']) {
      expect(parseRetryAfter(text, now)).toBeUndefined();
    }
  });
});
