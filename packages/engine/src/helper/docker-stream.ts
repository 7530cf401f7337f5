import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** The destinations of a program's two outputs. */
export interface OutputSinks {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

const headerBytes = 8;

/**
 * Splits a framed stream of a program's outputs between the two sinks, no faster than they accept data. A
 * frame may arrive in any number of chunks. Resolves at the end of `source`; the sinks stay open.
 * @throws RangeError for bytes that are not such frames, or that end within one; whatever `source` throws
 * @see Docker API v1.41, POST /containers/{id}/attach "Stream format"
 */
export async function demultiplex(source: AsyncIterable<Uint8Array>, sinks: OutputSinks): Promise<void> {
  let held: Uint8Array = new Uint8Array();
  let sink = sinks.stdout;
  let left = 0;
  for await (const chunk of source) {
    let rest = held.byteLength === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      if (left === 0) {
        if (rest.byteLength < headerBytes) break;
        ({ sink, left } = readHeader(rest, sinks));
        rest = rest.subarray(headerBytes);
      } else if (rest.byteLength === 0) {
        break;
      } else {
        const payload = rest.subarray(0, left);
        left -= payload.byteLength;
        rest = rest.subarray(payload.byteLength);
        await write(sink, payload);
      }
    }
    held = rest;
  }
  if (left > 0 || held.byteLength > 0) throw new RangeError('the stream ends within a frame');
}

function readHeader(bytes: Uint8Array, { stdout, stderr }: OutputSinks): { sink: Writable; left: number } {
  const [type, ...zeros] = bytes.subarray(0, 4);
  const isFrame = (type === 1 || type === 2) && zeros.every((byte) => byte === 0);
  if (!isFrame) throw new RangeError('the stream does not have the frames of a program’s outputs');
  const left = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4);
  return { sink: type === 1 ? stdout : stderr, left };
}

// Skips a destroyed sink; the other one may still have a reader.
async function write(sink: Writable, payload: Uint8Array): Promise<void> {
  if (sink.destroyed || sink.write(payload)) return;
  const settled = new AbortController();
  try {
    const { signal } = settled;
    await Promise.race([once(sink, 'drain', { signal }), once(sink, 'close', { signal })]);
  } finally {
    settled.abort();
  }
}
