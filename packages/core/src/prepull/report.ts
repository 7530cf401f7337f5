import type { ErrorSummary } from '../error-summary.ts';
import type { Digest } from '../image/digest.ts';

export interface PrepullImageReport {
  /** The familiar reference that was fetched; the requested text when the image was not found. */
  readonly reference: string;
  /** The requested text, if it differs. */
  readonly askedAs?: string | undefined;
  readonly state: 'ready' | 'failed' | 'skipped';
  readonly manifestDigest?: Digest | undefined;
  readonly configDigest?: Digest | undefined;
  /** Bytes of all its blobs, as stored. */
  readonly bytes: number;
  /** Count of layers. */
  readonly layers: number;
  readonly ms: number;
  readonly error?: ErrorSummary | undefined;
}

/**
 * `ready`: every required image is in the bundle; `partial`: some are; `failed`: none; `cancelled`: stopped
 * from outside.
 */
export type PrepullOutcome = 'ready' | 'partial' | 'failed' | 'cancelled';

export interface PrepullReport {
  readonly outcome: PrepullOutcome;
  /** In the requested order. */
  readonly images: readonly PrepullImageReport[];
  readonly bytesFetched: number;
  readonly bytesReused: number;
  /** What the handover location did not have yet; undefined without one. */
  readonly sent?: { readonly blobs: number; readonly bytes: number } | undefined;
  readonly ms: number;
  /** The error that ended the whole pre-pull; failed images have their own. */
  readonly error?: ErrorSummary | undefined;
}

/**
 * The outcome of a pre-pull that was not cancelled. A skipped image is optional and does not count as failed.
 */
export function prepullOutcome(images: readonly Pick<PrepullImageReport, 'state'>[]): PrepullOutcome {
  const failed = images.filter((image) => image.state === 'failed').length;
  if (failed === 0) return 'ready';
  return images.some((image) => image.state === 'ready') ? 'partial' : 'failed';
}
