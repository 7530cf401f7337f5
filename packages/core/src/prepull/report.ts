import type { ErrorSummary } from '../error-summary.ts';
import type { Digest } from '../image/digest.ts';

export interface PrepullImageReport {
  /** Familiar form of what was taken; of an image that was not found, the text it was asked for with. */
  readonly reference: string;
  /** The text it was asked for with, where that is another. */
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

/** `ready`: every required image is in the bundle; `partial`: some are; `failed`: none; `cancelled`: stopped from outside. */
export type PrepullOutcome = 'ready' | 'partial' | 'failed' | 'cancelled';

export interface PrepullReport {
  readonly outcome: PrepullOutcome;
  /** In the order asked for. */
  readonly images: readonly PrepullImageReport[];
  readonly bytesFetched: number;
  readonly bytesReused: number;
  readonly ms: number;
  /** What ended the whole pre-pull, apart from single images. */
  readonly error?: ErrorSummary | undefined;
}

/** The outcome of a pre-pull that was not stopped. A skipped image is optional and fails nothing. */
export function prepullOutcome(images: readonly Pick<PrepullImageReport, 'state'>[]): PrepullOutcome {
  const failed = images.filter((image) => image.state === 'failed').length;
  if (failed === 0) return 'ready';
  return images.some((image) => image.state === 'ready') ? 'partial' : 'failed';
}
