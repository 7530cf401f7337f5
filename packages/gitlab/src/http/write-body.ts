import { once } from 'node:events';
import type { ClientRequest } from 'node:http';
import type { HttpBody } from './connections.ts';

/** From this size on the other side is asked whether it wants the body before it is sent. */
const askingBytes = 1024 * 1024;

/** How long that question may stay unanswered: not every server knows it (ms). @see RFC 9110, section 10.1.1 */
const askingMs = 1_000;

/**
 * Sends a body, no faster than it is taken. Ends without an error when an answer comes before the end: it says more than the broken
 * connection would. Rejects with what the source throws; the request is destroyed then, so that nobody takes it for complete.
 */
export async function writeBody(outgoing: ClientRequest, { bytes, sizeBytes }: HttpBody): Promise<void> {
  const state = { isOver: false };
  const end = (): void => {
    state.isOver = true;
  };
  outgoing.once('response', end);
  outgoing.once('close', end);
  if (sizeBytes >= askingBytes) await askFirst(outgoing);
  try {
    for await (const chunk of bytes) {
      if (state.isOver) return;
      if (!outgoing.write(chunk)) await untilTaken(outgoing);
    }
    outgoing.end();
  } catch (error) {
    outgoing.destroy();
    throw error;
  }
}

async function askFirst(outgoing: ClientRequest): Promise<void> {
  outgoing.setHeader('expect', '100-continue');
  outgoing.flushHeaders();
  await firstOf(outgoing, ['continue', 'response', 'close'], askingMs);
}

async function untilTaken(outgoing: ClientRequest): Promise<void> {
  await firstOf(outgoing, ['drain', 'response', 'close']);
}

/** Resolves with the first of these events, or after `limitMs`. Never rejects: an error is followed by `close`. */
async function firstOf(outgoing: ClientRequest, events: readonly string[], limitMs?: number): Promise<void> {
  const stop = new AbortController();
  const timer = limitMs === undefined ? undefined : setTimeout(() => stop.abort(), limitMs);
  const { signal } = stop;
  if (!outgoing.destroyed) {
    await Promise.race(events.map((name) => once(outgoing, name, { signal }).catch(() => undefined)));
  }
  clearTimeout(timer);
  stop.abort();
}
