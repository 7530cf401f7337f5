import { setTimeout as delay } from 'node:timers/promises';
import type { ByteStream } from '@drayage/core';

/** Bytes to send, and their number. */
export interface HttpBody {
  readonly bytes: ByteStream;
  readonly sizeBytes: number;
  /** True: the server has accepted such a body before, so it is sent without a pause. Default false. */
  readonly isExpected?: boolean | undefined;
}

/** A body of at least this size waits for an early response (bytes). */
const waitingBytes = 1024 * 1024;

/** How long it waits (ms). */
const waitingMs = 250;

/**
 * The body, with a pause after its first piece if it is large. A server that refuses after reading only the
 * header (403, 413) can close the connection at once, and bytes in transit would then destroy its answer.
 * undici does not send `Expect: 100-continue`, which would serve the same purpose.
 */
export async function* awaitingEarlyAnswer({ bytes, sizeBytes, isExpected }: HttpBody): ByteStream {
  let mayWait = sizeBytes >= waitingBytes && isExpected !== true;
  for await (const chunk of bytes) {
    yield chunk;
    if (mayWait) await delay(waitingMs);
    mayWait = false;
  }
}
