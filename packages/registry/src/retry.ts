import { setTimeout as delay } from 'node:timers/promises';
import { RegistryError, systemErrorCode } from '@drayage/core';

/** How often and how patiently a request is tried again. */
export interface RetryPolicy {
  /** Tries in all, the first included; 1 means no retry. */
  readonly attempts: number;
  /** Upper bound of the first pause (ms); it doubles with every further one. */
  readonly baseDelayMs: number;
  /** Upper bound of every pause that we choose ourselves (ms). */
  readonly maxDelayMs: number;
  /** Upper bound of a pause that the registry asks for with `Retry-After` (ms). */
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

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 5,
  baseDelayMs: 250,
  maxDelayMs: 5_000,
  maxRetryAfterMs: 30_000,
};

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
};

// The whole table: answers and connection failures that may pass by themselves. Nothing else is ever tried again. A name that does not
// exist (ENOTFOUND) and a certificate that is not trusted stay as they are; a resolver that is busy says EAI_AGAIN.
const retryableStatuses = new Set([408, 429, 500, 502, 503, 504]);
const retryableConnectionCodes = new Set([
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

/** True for a failure that the table above lists, as it came from the socket or already told as a {@link RegistryError}. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof RegistryError) {
    return error.status === undefined ? hasRetryableCode(error.cause) : retryableStatuses.has(error.status);
  }
  return hasRetryableCode(error);
}

function hasRetryableCode(error: unknown): boolean {
  return retryableConnectionCodes.has(systemErrorCode(error) ?? '');
}

/**
 * The pause (ms) after the `failures`-th failure in a row: what the registry asked for, capped, else full jitter over a doubling range.
 * A little jitter is added to the registry's figure too, as it tells everybody the same.
 */
export function pauseAfter(failures: number, error: unknown, policy: RetryPolicy, clock: Clock): number {
  const range = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (failures - 1));
  const jitter = clock.random() * range;
  const asked = error instanceof RegistryError ? error.details['retryAfterMs'] : undefined;
  return typeof asked === 'number' ? Math.min(asked, policy.maxRetryAfterMs) + jitter : jitter;
}

export interface Retry {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
}

/** What `run` resolves with; it is called again after a pause while it fails with something {@link isRetryable}. */
export async function withRetries<T>(
  { policy, clock }: Retry,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await run();
    } catch (error) {
      if (failures >= policy.attempts || !isRetryable(error) || signal?.aborted === true) throw error;
      await clock.sleep(pauseAfter(failures, error, policy, clock), signal);
    }
  }
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
