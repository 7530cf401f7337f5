import { reasonOf, systemErrorCode, type ByteStream } from '@drayage/core';
import { gunzip, unzstd } from '@drayage/core/image';
import { MalformedTar } from '../tar/malformed.ts';

type Compression = 'gzip' | 'zstd' | 'bzip2' | 'xz';

const beginnings: readonly (readonly [Compression, RegExp])[] = [
  ['gzip', /^\x1f\x8b\x08/],
  ['zstd', /^\x28\xb5\x2f\xfd|^[\x50-\x5f]\x2a\x4d\x18/],
  ['bzip2', /^BZh/],
  ['xz', /^\xfd7zXZ\0/],
];

/**
 * The tar of a layer; detects compression by the first bytes. Errors of `layer` are passed on unchanged.
 * @throws MalformedTar if the bytes cannot be decompressed
 */
export async function* decompress(layer: ByteStream): AsyncGenerator<Buffer> {
  const { first, rest } = await peek(layer);
  const head = first.toString('latin1', 0, 6);
  const compression = beginnings.find(([, pattern]) => pattern.test(head))?.[0];
  switch (compression) {
    case 'gzip':
      yield* gunzipTar(rest);
      return;
    case 'zstd':
      for await (const chunk of unzstd(rest, 'it')) yield asBuffer(chunk);
      return;
    case 'bzip2':
    case 'xz':
      throw new MalformedTar(`its compression, ${compression}, is not supported`);
    case undefined:
      for await (const chunk of rest) yield asBuffer(chunk);
  }
}

async function* gunzipTar(layer: ByteStream): AsyncGenerator<Buffer> {
  try {
    yield* gunzip(layer);
  } catch (error) {
    if (systemErrorCode(error)?.startsWith('Z_') !== true) throw error;
    throw new MalformedTar(`decompression failed (${reasonOf(error)})`);
  }
}

/** Reads at least six bytes, and returns them along with the rest of the stream. */
async function peek(layer: ByteStream): Promise<{ readonly first: Buffer; readonly rest: ByteStream }> {
  const iterator = layer[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  for (let bytes = 0; bytes < 6;) {
    const step = await iterator.next();
    if (step.done === true) break;
    chunks.push(step.value);
    bytes += step.value.byteLength;
  }
  const first = Buffer.concat(chunks);
  return { first, rest: resume(first, iterator) };
}

async function* resume(first: Buffer, iterator: AsyncIterator<Uint8Array>): ByteStream {
  try {
    if (first.length > 0) yield first;
    for (;;) {
      const step = await iterator.next();
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
