import { setTimeout as delay } from 'node:timers/promises';
import { systemErrorCode } from './errors.ts';

/** How often and how patiently a request is tried again. */
export interface RetryPolicy {
  /** Tries in all, the first included; 1 means no retry. */
  readonly attempts: number;
  /** Upper bound of the first pause (ms); it doubles with every further one. */
  readonly baseDelayMs: number;
  /** Upper bound of every pause that we choose ourselves (ms). */
  readonly maxDelayMs: number;
  /** Upper bound of a pause that the other side asks for with `Retry-After` (ms). */
  readonly maxRetryAfterMs: number;
}

/** Time and chance, given from outside so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** From 0 up to but not including 1. */
  random(): number;
  /** Resolves after `ms`; rejects once `signal` aborts. */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** Five tries; about four seconds of pauses in all, unless the other side asks for more. */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 5,
  baseDelayMs: 250,
  maxDelayMs: 5_000,
  maxRetryAfterMs: 30_000,
};

/** The clock of this machine. */
export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
};

// The whole table: answers and connection failures that may pass by themselves. Nothing else is ever tried again. A name that does not
// exist (ENOTFOUND) and a certificate that is not trusted stay as they are; a resolver that is busy says EAI_AGAIN.
const passingStatuses = new Set([408, 429, 500, 502, 503, 504]);
const passingConnectionCodes = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_SOCKET',
]);

/** True for an HTTP status that may be another one a moment later. */
export function isPassingStatus(status: number): boolean {
  return passingStatuses.has(status);
}

/** True for the error of a connection that may succeed a moment later. */
export function isPassingConnectionError(error: unknown): boolean {
  return passingConnectionCodes.has(systemErrorCode(error) ?? '');
}

/**
 * The pause (ms) after the `failures`-th failure in a row: what the other side asked for, capped, else full jitter over a doubling range.
 * A little jitter is added to a figure that was asked for, too, as everybody is told the same.
 */
export function retryPause(
  failures: number,
  { askedMs, policy, clock }: { askedMs: number | undefined; policy: RetryPolicy; clock: Clock },
): number {
  const range = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (failures - 1));
  const jitter = clock.random() * range;
  return askedMs === undefined ? jitter : Math.min(askedMs, policy.maxRetryAfterMs) + jitter;
}

/**
 * The pause (ms from `now`) that a `Retry-After` header asks for, as seconds or as an HTTP date; undefined when it says neither.
 * @see RFC 9110, section 10.2.3
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Date.parse takes nearly anything for a date; an HTTP date begins with the day of the week.
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
