import { setTimeout as delay } from 'node:timers/promises';
import { DrayError, RegistryError, TransferError, systemErrorCode } from '@drayage/core';

/** How to retry requests. */
export interface RetryPolicy {
  /** Total number of attempts, including the first; 1 means no retry. */
  readonly attempts: number;
  /** Upper bound of the first pause (ms); it doubles with each further one. */
  readonly baseDelayMs: number;
  /** Upper bound of all pauses that we choose (ms). */
  readonly maxDelayMs: number;
  /** Upper bound of pauses that the server requests with `Retry-After` (ms). */
  readonly maxRetryAfterMs: number;
}

/** Time and randomness, passed in so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** From 0 up to but not including 1. */
  random(): number;
  /** Resolves after `ms`; rejects once `signal` aborts. */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** The policy, and the clock. */
export interface Retry {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  /**
   * When all must be done (ms since the epoch). With it, `Retry-After` is honoured up to this time, whatever
   * the policy's bound; a pause that would end later is not begun.
   */
  readonly deadlineAt?: number | undefined;
  /** Called before a pause (ms) that the other side asked for. */
  readonly onWait?: ((error: unknown, ms: number) => void) | undefined;
}

/** Five attempts, with pauses of about four seconds in total, unless the server asks for more. */
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
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};

// All temporary statuses and connection failures. Nothing else is retried.
// A nonexistent name (ENOTFOUND) and an untrusted certificate are permanent; a busy resolver says
// EAI_AGAIN.
const passingStatuses = new Set([408, 429, 500, 502, 503, 504]);
const passingConnectionCodes = new Set([
  'BODY_TOO_SLOW',
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

/** True for a temporary HTTP status. */
export function isPassingStatus(status: number): boolean {
  return passingStatuses.has(status);
}

/** True for a temporary connection error. */
export function isPassingConnectionError(error: unknown): boolean {
  return passingConnectionCodes.has(systemErrorCode(error) ?? '');
}

/** The HTTP status that an error reports; undefined for any other error. */
export function statusOf(error: unknown): number | undefined {
  if (error instanceof RegistryError) return error.status;
  return error instanceof TransferError ? numberIn(error, 'status') : undefined;
}

/**
 * True for a temporary failure, from the socket or from a driver. A driver sets the detail `isPassing` where
 * it knows more than the status says.
 */
export function isRetryable(error: unknown): boolean {
  if (error instanceof TransferError && error.details['isPassing'] === true) return true;
  const status = statusOf(error);
  if (status !== undefined) return isPassingStatus(status);
  const isReported = error instanceof RegistryError || error instanceof TransferError;
  return isPassingConnectionError(isReported ? error.cause : error);
}

/**
 * Returns the result of `run`; calls it again after a pause while it fails with an error that is {@link
 * isRetryable}.
 */
export async function withRetries<T>(
  retry: Retry,
  signal: AbortSignal | undefined,
  run: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await run();
    } catch (error) {
      const isLast = failures >= retry.policy.attempts || signal?.aborted === true;
      if (isLast || !isRetryable(error)) throw error;
      await pauseForRetry(failures, error, retry, signal);
    }
  }
}

/**
 * Pauses after the `failures`-th failure in a row. @throws `error` where the pause would outlast the deadline
 */
export async function pauseForRetry(
  failures: number,
  error: unknown,
  retry: Retry,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { clock, deadlineAt = Number.POSITIVE_INFINITY, onWait } = retry;
  const askedMs = numberIn(error, 'retryAfterMs') ?? 0;
  if (askedMs > 0) {
    if (clock.now() + askedMs > deadlineAt) throw error;
    onWait?.(error, askedMs);
  }
  await clock.sleep(pauseAfter(failures, error, retry), signal);
}

/**
 * The pause (ms) after the `failures`-th consecutive failure: as the server requested, capped; else our
 * own.
 */
export function pauseAfter(failures: number, error: unknown, retry: Retry): number {
  return retryPause(failures, { ...retry, askedMs: numberIn(error, 'retryAfterMs') });
}

/**
 * The pause (ms) after the `failures`-th consecutive failure: as the server requested, capped; else full
 * jitter over a doubling range. Requested pauses get jitter too, because every client gets the same figure.
 */
export function retryPause(
  failures: number,
  { askedMs, policy, clock, deadlineAt }: { askedMs: number | undefined } & Retry,
): number {
  const range = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** (failures - 1));
  const jitter = clock.random() * range;
  if (askedMs === undefined) return jitter;
  return (deadlineAt === undefined ? Math.min(askedMs, policy.maxRetryAfterMs) : askedMs) + jitter;
}

/**
 * The pause (ms from `now`) in a `Retry-After` header, given in seconds or as an HTTP date; else
 * undefined.
 * @see RFC 9110, section 10.2.3
 */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Date.parse accepts almost anything; an HTTP date begins with the day of the week.
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function numberIn(error: unknown, detail: string): number | undefined {
  const value = error instanceof DrayError ? error.details[detail] : undefined;
  return typeof value === 'number' ? value : undefined;
}
