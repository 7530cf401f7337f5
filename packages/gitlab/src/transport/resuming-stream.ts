import { Readable } from 'node:stream';
import { DrayError, TransferError, abortError } from '@drayage/core';
import { connectionFailure, isRetryable } from '../api/failures.ts';
import { pause } from '../api/gitlab-client.ts';
import type { GitlabClient } from '../api/gitlab-client.ts';
import type { Operation } from '../api/operation.ts';
import { chunksOf } from '../http/read-text.ts';

/** The body of one answer, and how many of its first bytes are not wanted. */
export interface PartialBody {
  readonly body: Readable;
  readonly skip: number;
}

export interface ResumingOptions {
  readonly operation: Operation;
  readonly client: GitlabClient;
  /** Bytes of the whole blob. */
  readonly sizeBytes: number;
  readonly offset: number;
  /** From `offset` on. */
  readonly first: PartialBody;
  readonly reopen: (offset: number, signal: AbortSignal) => Promise<PartialBody>;
  readonly signal: AbortSignal | undefined;
}

// Fewer bytes than this do not count as progress, so that a server cannot keep us with a byte per connection.
const progressBytes = 256 * 1024;

const highWaterMark = 256 * 1024;

/**
 * The bytes of a blob over as many connections as it takes. The retry policy bounds the failures in a row without progress. More bytes
 * than announced are passed on: whoever verifies will object.
 */
export function resumingStream(options: ResumingOptions): Readable {
  const stop = new AbortController();
  const signals = options.signal === undefined ? [stop.signal] : [stop.signal, options.signal];
  const stream = Readable.from(pieces(options, AbortSignal.any(signals)), {
    objectMode: false,
    highWaterMark,
  });
  const onAbort = (): void => {
    const { signal, operation } = options;
    if (signal !== undefined) stream.destroy(abortError(signal, operation.title));
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  stream.once('close', () => {
    options.signal?.removeEventListener('abort', onAbort);
    stop.abort();
    // Nobody may have begun to read.
    options.first.body.destroy();
  });
  return stream;
}

async function* pieces(options: ResumingOptions, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { sizeBytes, first } = options;
  let { body, skip } = first;
  const progress = { position: options.offset, safeAt: options.offset, failures: 0 };
  signal.addEventListener('abort', () => body.destroy(), { once: true });
  for (;;) {
    const iterator = chunksOf(body)[Symbol.asyncIterator]();
    let failure: unknown;
    for (;;) {
      // Apart from the yield below: what the reader throws is no failure of the connection.
      const step = await iterator.next().catch((error: unknown) => {
        failure = error;
        return { done: true, value: undefined } as const;
      });
      if (step.done === true) break;
      const wanted = step.value.subarray(skip);
      skip -= step.value.byteLength - wanted.byteLength;
      progress.position += wanted.byteLength;
      if (wanted.byteLength > 0) yield wanted;
    }
    if (progress.position >= sizeBytes) return;
    ({ body, skip } = await resume(options, progress, failure, signal));
  }
}

interface Progress {
  readonly position: number;
  /** Where the failure before the last one was. */
  safeAt: number;
  failures: number;
}

/** Another body, or the reason why there is none. */
async function resume(
  { operation, client, sizeBytes, reopen }: ResumingOptions,
  progress: Progress,
  failure: unknown,
  signal: AbortSignal,
): Promise<PartialBody> {
  const { policy, clock } = client.retry;
  if (progress.position - progress.safeAt >= progressBytes) progress.failures = 0;
  progress.safeAt = progress.position;
  let cause: unknown = failure ?? cutShort(operation, progress.position, sizeBytes);
  let isLost = true;
  for (;;) {
    if (signal.aborted) throw abortError(signal, operation.title);
    progress.failures += 1;
    if (progress.failures >= policy.attempts || !(isLost || isRetryable(cause))) {
      throw cause instanceof DrayError ? cause : connectionFailure(operation, client.apiUrl.host, cause);
    }
    await pause(progress.failures, cause, { policy, clock, signal, title: operation.title });
    try {
      return await reopen(progress.position, signal);
    } catch (error) {
      cause = error;
      isLost = false;
    }
  }
}

function cutShort(
  { title, name, side, digest }: Operation,
  position: number,
  sizeBytes: number,
): TransferError {
  const got = `${String(position)} of ${String(sizeBytes)} bytes came`;
  return new TransferError('SIZE_MISMATCH', `cannot ${title}: only ${got}`, {
    operation: name,
    side,
    ...(digest === undefined ? {} : { digest }),
  });
}
