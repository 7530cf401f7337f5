import { Readable } from 'node:stream';
import { DrayError, TransferError, abortError, type TransferSide } from '@drayage/core';
import { SlowBodyError, abandon } from './bodies.ts';
import { isRetryable, pauseForRetry, type Retry } from './retry.ts';

/** The body of one response, and how many bytes to skip at its start. */
export interface PartialBody<O> {
  /** The request for it. */
  readonly operation: O;
  readonly body: Readable;
  readonly skip: number;
}

/** The transfer, for error messages. */
export interface Transfer {
  readonly operation: string;
  readonly side: TransferSide;
  readonly digest?: string | undefined;
}

export interface ResumingStreamOptions<O extends { readonly title: string }> {
  /** Size of the whole content (bytes). */
  readonly sizeBytes: number;
  readonly offset: number;
  /** The body from `offset` on. */
  readonly first: PartialBody<O>;
  /** Requests the rest. */
  readonly reopen: (offset: number, signal: AbortSignal) => Promise<PartialBody<O>>;
  readonly retry: Retry;
  readonly transfer: Transfer;
  /** The driver's error for a body that broke off. */
  readonly toError: (operation: O, error: unknown) => DrayError;
  /** Called when a body broke off, before the next request. */
  readonly onLost?: ((operation: O, error: DrayError) => void) | undefined;
  /** How often to check that a body comes at 1 KiB per second at least (ms, default 30 s). */
  readonly rateWindowMs?: number | undefined;
  readonly signal: AbortSignal | undefined;
}

// Fewer bytes do not count as progress, so that a server cannot stall us with one byte per connection.
const progressBytes = 256 * 1024;

const minBytesPerSec = 1024;

const highWaterMark = 256 * 1024;

/**
 * Streams the bytes of a file over as many connections as necessary. Resumes a body that breaks off or is too
 * slow, for any reason; `attempts` of the retry policy limits consecutive failures without progress. Can pass
 * on more bytes than `sizeBytes`: the verification of the content rejects them. The reader must read to the
 * end or destroy the stream.
 */
export class ResumingStream<O extends { readonly title: string }> extends Readable {
  readonly #options: ResumingStreamOptions<O>;
  readonly #abort = new AbortController();
  #body: Readable | undefined;
  #operation: O;
  #position: number;
  #failures = 0;
  #progressFrom: number;

  constructor(options: ResumingStreamOptions<O>) {
    super({ highWaterMark });
    this.#options = options;
    this.#operation = options.first.operation;
    this.#position = options.offset;
    this.#progressFrom = options.offset;
    const { signal } = options;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#attach(options.first);
  }

  override _read(): void {
    this.#body?.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#abort.abort();
    const body = this.#body;
    this.#body = undefined;
    body?.destroy();
    callback(error);
  }

  readonly #onAbort = (): void => {
    const { signal } = this.#options;
    if (signal !== undefined) this.destroy(abortError(signal, this.#operation.title));
  };

  #attach({ operation, body, skip }: PartialBody<O>): void {
    this.#operation = operation;
    if (this.destroyed) {
      abandon(body);
      return;
    }
    let unwanted = skip;
    this.#body = body;
    const arrived = this.#watchRate(body);
    body.on('error', (error) => {
      if (this.#body === body) this.#onLost(error);
    });
    body.on('end', () => {
      if (this.#body === body) this.#onEnd();
    });
    body.on('data', (chunk: Uint8Array) => {
      const wanted = unwanted === 0 ? chunk : chunk.subarray(unwanted);
      unwanted -= chunk.byteLength - wanted.byteLength;
      arrived(chunk.byteLength);
      if (wanted.byteLength === 0 || this.destroyed) return;
      this.#position += wanted.byteLength;
      if (!this.push(wanted)) body.pause();
    });
  }

  /** Ends a body that is too slow; call the result with the size of each chunk. */
  #watchRate(body: Readable): (sizeBytes: number) => void {
    const { rateWindowMs = 30_000 } = this.#options;
    const minBytes = (minBytesPerSec * rateWindowMs) / 1000;
    let arrivedBytes = 0;
    let wasPaused = false;
    const timer = setInterval(() => {
      // If the stream was paused in this window, the reader was slow, not the sender.
      if (arrivedBytes < minBytes && !wasPaused && !body.isPaused()) body.destroy(new SlowBodyError());
      arrivedBytes = 0;
      wasPaused = body.isPaused();
    }, rateWindowMs);
    body.on('pause', () => (wasPaused = true));
    body.once('close', () => {
      clearInterval(timer);
    });
    return (sizeBytes) => (arrivedBytes += sizeBytes);
  }

  #onEnd(): void {
    const { sizeBytes, transfer } = this.#options;
    if (this.#position >= sizeBytes) {
      this.#body = undefined;
      this.push(null);
      return;
    }
    const got = `${String(this.#position)} of ${String(sizeBytes)} bytes came`;
    this.#onLost(
      new TransferError('SIZE_MISMATCH', `cannot ${this.#operation.title}: only ${got}`, transfer),
    );
  }

  #onLost(error: unknown): void {
    this.#body = undefined;
    this.#resume(error).catch((failure: unknown) => {
      this.destroy(this.#failure(failure));
    });
  }

  /** Attaches a new body; rejects if the request fails. */
  async #resume(loss: unknown): Promise<void> {
    const { retry, reopen, onLost } = this.#options;
    const { signal } = this.#abort;
    onLost?.(this.#operation, this.#failure(loss));
    if (this.#position - this.#progressFrom >= progressBytes) this.#failures = 0;
    this.#progressFrom = this.#position;
    for (let cause = loss; !signal.aborted;) {
      this.#failures += 1;
      const isHopeless = cause !== loss && !isRetryable(cause);
      if (isHopeless || this.#failures >= retry.policy.attempts) throw cause;
      await pauseForRetry(this.#failures, cause, retry, signal);
      try {
        this.#attach(await reopen(this.#position, signal));
        return;
      } catch (failure) {
        cause = failure;
      }
    }
  }

  #failure(error: unknown): DrayError {
    if (error instanceof DrayError) return error;
    const { code, message, hint, details, cause } = this.#options.toError(this.#operation, error);
    return new TransferError(code, message, {
      ...this.#options.transfer,
      details: { ...details, received: this.#position },
      hint,
      cause,
    });
  }
}
