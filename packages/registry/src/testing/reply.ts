import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { BlobContent } from './content.ts';
import type { FaultEffect } from './faults.ts';

/** A response before it is written. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Iterable<Uint8Array>;
}

/** A reply with a text, or other bytes, for a body. */
export function textReply(status: number, text: string | Uint8Array, headers: Reply['headers'] = {}): Reply {
  const bytes = Buffer.from(text);
  return { status, headers: { 'content-length': String(bytes.length), ...headers }, body: [bytes] };
}

/** An error in the registry format. @see distribution-spec v1.1.1, "Error Codes" */
export function errorReply(status: number, code: string, headers: Reply['headers'] = {}): Reply {
  const text = JSON.stringify({ errors: [{ code, message: `${code.toLowerCase()} here` }] });
  return textReply(status, text, { 'content-type': 'application/json', ...headers });
}

/** The content, or the range of it in a `Range: bytes=N-[M]` header. @see RFC 9110, section 14 */
export function contentReply(
  content: BlobContent,
  headers: Reply['headers'],
  range: string | undefined,
): Reply {
  const { size } = content;
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  if (match === null) {
    const whole = { ...headers, 'content-length': String(size) };
    return { status: 200, headers: whole, body: content.read(0, size) };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? size : Math.min(size, Number(match[2]) + 1);
  if (start >= size) {
    const nothing = { 'content-length': '0', 'content-range': `bytes */${String(size)}` };
    return { status: 416, headers: nothing, body: [] };
  }
  const partial = {
    ...headers,
    'content-length': String(end - start),
    'content-range': `bytes ${String(start)}-${String(end - 1)}/${String(size)}`,
  };
  return { status: 206, headers: partial, body: content.read(start, end) };
}

/** Applies a fault to a reply; connection faults follow later, in {@link sendReply}. */
export function spoiled(reply: Reply, effect: FaultEffect | undefined): Reply {
  const length = Number(reply.headers['content-length'] ?? 0);
  if (effect?.kind === 'corrupt') return { ...reply, body: corrupted(reply.body) };
  if (effect?.kind === 'headers') return { ...reply, headers: { ...reply.headers, ...effect.headers } };
  if (effect?.kind === 'truncate') {
    const headers = { ...reply.headers, 'content-length': String(Math.min(length, effect.bytes)) };
    return { ...reply, headers, body: limited(reply.body, effect.bytes) };
  }
  if (effect?.kind === 'extra') {
    const headers = { ...reply.headers, 'content-length': String(length + effect.bytes) };
    return { ...reply, headers, body: [...reply.body, new Uint8Array(effect.bytes)] };
  }
  return reply;
}

/**
 * Writes a reply no faster than the client reads it, and counts the bytes of its body; resolves when it is
 * written or the connection is closed.
 */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  effect: FaultEffect | undefined,
  count: (bytes: number) => void,
): Promise<void> {
  if (effect?.kind === 'reset' && effect.afterBytes < 0) {
    response.destroy();
    return;
  }
  for (const [name, value] of Object.entries(reply.headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(reply.status);
  if (response.req.method !== 'HEAD') await writeBody(response, reply.body, effect, count);
  if (effect?.kind === 'reset') response.destroy();
  else response.end();
}

async function writeBody(
  response: ServerResponse,
  body: Iterable<Uint8Array>,
  effect: FaultEffect | undefined,
  count: (bytes: number) => void,
): Promise<void> {
  if (effect?.kind === 'drip') {
    await drip(response, body, effect.pauseMs, count);
    return;
  }
  const stop =
    effect?.kind === 'reset' || effect?.kind === 'gate' ? effect.afterBytes : Number.POSITIVE_INFINITY;
  await writeChunks(response, limited(body, stop), count);
  if (effect?.kind !== 'gate') return;
  // The header and the bytes before the gate must not wait in a buffer.
  response.flushHeaders();
  await effect.gate;
  await writeChunks(response, after(body, stop), count);
}

async function drip(
  response: ServerResponse,
  body: Iterable<Uint8Array>,
  pauseMs: number,
  count: (bytes: number) => void,
): Promise<void> {
  for (const chunk of body) {
    for (const byte of chunk) {
      if (response.destroyed) return;
      await writeChunks(response, [Uint8Array.of(byte)], count);
      await pause(pauseMs);
    }
  }
}

async function writeChunks(
  response: ServerResponse,
  chunks: Iterable<Uint8Array>,
  count: (bytes: number) => void,
): Promise<void> {
  for (const chunk of chunks) {
    if (response.destroyed) return;
    count(chunk.byteLength);
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
}

function* corrupted(body: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let isFirst = true;
  for (const chunk of body) {
    const copy = isFirst
      ? Uint8Array.from(chunk, (byte, index) => (index === 0 ? byte ^ 0xff : byte))
      : chunk;
    isFirst &&= chunk.byteLength === 0;
    yield copy;
  }
}

function* limited(body: Iterable<Uint8Array>, limit: number): Iterable<Uint8Array> {
  let left = limit;
  for (const chunk of body) {
    if (left <= 0) return;
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
  }
}

function* after(body: Iterable<Uint8Array>, skip: number): Iterable<Uint8Array> {
  let left = skip;
  for (const chunk of body) {
    if (chunk.byteLength > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.byteLength);
  }
}
