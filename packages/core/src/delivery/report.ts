import type { ErrorSummary } from '../error-summary.ts';
import type { Digest } from '../image/digest.ts';
import type { WayChoice } from './decide-way.ts';

/**
 * How an image came into the engine. `present`: it was there, at most a name was added; `none`: it is not
 * there.
 */
export type DeliveryKind = 'present' | 'mount' | 'load' | 'pull' | 'none';

export interface LayerCounts {
  readonly total: number;
  readonly sent: number;
  /** Omitted because the engine had them. */
  readonly skipped: number;
}

export interface DeliveryImageReport {
  /** Familiar form; the digest for an image without a name. */
  readonly reference: string;
  readonly configDigest?: Digest | undefined;
  readonly manifestDigest?: Digest | undefined;
  readonly delivery: DeliveryKind;
  readonly layers: LayerCounts;
  /** Bytes of the archive sent to the engine. */
  readonly bytesSent: number;
  readonly ms: number;
  readonly error?: ErrorSummary | undefined;
}

/** `hit`: the pre-pull delivered every image; `partial`: some; `miss`: none. */
export type DeliveryOutcome = 'hit' | 'partial' | 'miss';

export interface DeliveryReport {
  readonly outcome: DeliveryOutcome;
  /**
   * Why the outcome is not a hit: a word such as `failed`, `expired`, `timeout`, then a colon and details.
   */
  readonly reason?: string | undefined;
  /** Set when the time limit ended the wait. */
  readonly timedOut?: true | undefined;
  /** How images come into this engine, and why; absent if no image came to be delivered. */
  readonly choice?: WayChoice | undefined;
  readonly images: readonly DeliveryImageReport[];
  /**
   * `DOCKER_HOST` of the private engine that has the images; absent if they are in the engine that was asked
   * for.
   */
  readonly dockerHost?: string | undefined;
  /** Time spent waiting for the pre-pull (ms), part of `ms`. */
  readonly waitedMs: number;
  readonly ms: number;
  /** The error that ended the delivery early, such as an engine that does not answer. */
  readonly error?: ErrorSummary | undefined;
}

/** The report of an image that was not delivered. */
export function undelivered(reference: string, error?: ErrorSummary): DeliveryImageReport {
  const layers = { total: 0, sent: 0, skipped: 0 };
  return {
    reference,
    delivery: 'none',
    layers,
    bytesSent: 0,
    ms: 0,
    error,
  };
}

/**
 * The outcome for the cache: an image that had to be pulled after all is a miss, unless pulling was what was
 * asked for.
 */
export function deliveryOutcome(
  images: readonly DeliveryImageReport[],
  isPullAsked: boolean,
): DeliveryOutcome {
  const hits = images.filter(({ delivery, error }) => {
    return error === undefined && delivery !== 'none' && (delivery !== 'pull' || isPullAsked);
  });
  if (hits.length === 0) return 'miss';
  return hits.length === images.length ? 'hit' : 'partial';
}
