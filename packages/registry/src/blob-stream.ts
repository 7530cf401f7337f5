import { Readable } from 'node:stream';
import type { Descriptor } from '@drayage/core';
import { DrayError, TransferError } from '@drayage/core';
import type { PullOperation } from './registry-client.ts';
import { abandon } from './connections.ts';
import { abortFailure, connectionFailure } from './failures.ts';
import type { Retry } from './retry.ts';
import { isRetryable, pauseAfter } from './retry.ts';

/** The body of one answer, and how many of its first bytes are not wanted. */
export interface BlobBody {
  /** What it is the answer to. */
  readonly operation: PullOperation;
  readonly body: Readable;
  readonly skip: number;
}

export interface BlobStreamOptions {
  readonly descriptor: Descriptor;
  readonly retry: Retry;
  readonly offset: number;
  readonly first: BlobBody;
  readonly reopen: (offset: number, signal: AbortSignal) => Promise<BlobBody>;
  /** Told when a body broke off, before another is asked for. */
  readonly onLost: (operation: PullOperation, error: DrayError) => void;
  readonly signal: AbortSignal | undefined;
}

// Fewer bytes than this do not count as progress, so that a server cannot keep us with a byte per connection.
const progressBytes = 256 * 1024;

const highWaterMark = 256 * 1024;

/**
 * The bytes of a blob over as many connections as it takes. `attempts` of the retry policy bounds the failures in a row without
 * progress. More bytes than the descriptor says are passed on: whoever verifies will object.
 */
export class BlobStream extends Readable {
  readonly #options: BlobStreamOptions;
  readonly #abort = new AbortController();
  #body: Readable | undefined;
  #operation: PullOperation;
  #position: number;
  #failures = 0;
  #progressFrom: number;

  constructor(options: BlobStreamOptions) {
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
    this.destroy(abortFailure(this.#operation, this.#options.signal?.reason));
  };

  #attach({ operation, body, skip }: BlobBody): void {
    this.#operation = operation;
    if (this.destroyed) {
      abandon(body);
      return;
    }
    let unwanted = skip;
    this.#body = body;
    body.on('error', (error) => {
      if (this.#body === body) this.#onLost(error);
    });
    body.on('end', () => {
      if (this.#body === body) this.#onEnd();
    });
    body.on('data', (chunk: Uint8Array) => {
      const wanted = unwanted === 0 ? chunk : chunk.subarray(unwanted);
      unwanted -= chunk.byteLength - wanted.byteLength;
      if (wanted.byteLength === 0 || this.destroyed) return;
      this.#position += wanted.byteLength;
      if (!this.push(wanted)) body.pause();
    });
  }

  #onEnd(): void {
    const { descriptor } = this.#options;
    if (this.#position >= descriptor.size) {
      this.#body = undefined;
      this.push(null);
      return;
    }
    const got = `${String(this.#position)} of ${String(descriptor.size)} bytes came`;
    this.#onLost(
      new TransferError('SIZE_MISMATCH', `cannot ${this.#operation.title}: only ${got}`, {
        operation: 'read blob',
        side: 'source',
        digest: descriptor.digest,
      }),
    );
  }

  #onLost(error: unknown): void {
    this.#body = undefined;
    this.#resume(error).catch((failure: unknown) => {
      this.destroy(this.#failure(failure));
    });
  }

  /** Attaches a new body, or rejects with the reason why there is none. */
  async #resume(error: unknown): Promise<void> {
    const { retry, reopen, onLost } = this.#options;
    const { signal } = this.#abort;
    // There is another place to go to, so it does not matter what was wrong with the mirror.
    const { isMirror } = this.#operation.place;
    onLost(this.#operation, this.#failure(error));
    if (this.#position - this.#progressFrom >= progressBytes) this.#failures = 0;
    this.#progressFrom = this.#position;
    for (let cause = error; !signal.aborted;) {
      this.#failures += 1;
      if (this.#failures >= retry.policy.attempts || !(isResumable(cause) || (isMirror && cause === error))) {
        throw cause;
      }
      await retry.clock.sleep(pauseAfter(this.#failures, cause, retry.policy, retry.clock), signal);
      try {
        this.#attach(await reopen(this.#position, signal));
        return;
      } catch (failure) {
        cause = failure;
      }
    }
  }

  #failure(error: unknown): DrayError {
    const operation = this.#operation;
    const { descriptor } = this.#options;
    if (error instanceof DrayError) return error;
    const { code, message, hint, details, cause } = connectionFailure(operation, operation.registry, error);
    return new TransferError(code, message, {
      operation: 'read blob',
      side: 'source',
      digest: descriptor.digest,
      details: { ...details, received: this.#position },
      ...(hint === undefined ? {} : { hint }),
      cause,
    });
  }
}

function isResumable(error: unknown): boolean {
  return isRetryable(error) || error instanceof TransferError;
}
