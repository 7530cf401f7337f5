import { setTimeout as delay } from 'node:timers/promises';
import type { ByteStream } from '@drayage/core';

/** Bytes to send, and how many they are. */
export interface HttpBody {
  readonly bytes: ByteStream;
  readonly sizeBytes: number;
}

/** From this size on a body waits for an early answer. */
const waitingBytes = 1024 * 1024;

/** How long it waits (ms). */
const waitingMs = 250;

/**
 * The body, with a pause after its first piece if it is large. A server that refuses by the header alone
 * (403, 413) may close the connection at once, and bytes that are still on their way would then destroy its
 * answer. undici does not send `Expect: 100-continue`, which would serve the same purpose.
 */
export async function* awaitingEarlyAnswer({ bytes, sizeBytes }: HttpBody): ByteStream {
  let mayWait = sizeBytes >= waitingBytes;
  for await (const chunk of bytes) {
    yield chunk;
    if (mayWait) await delay(waitingMs);
    mayWait = false;
  }
}
