import { createCipheriv } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { digestOf, type ByteStream } from '@drayage/core';
import { gzipBlockBytes, parallelGzip, type ParallelGzipOptions } from './parallel-gzip.ts';

const sizes = [0, 1, gzipBlockBytes - 1, gzipBlockBytes, gzipBlockBytes + 1, 3 * gzipBlockBytes + 12_345];

/** The first half is compressible, the second is not. */
function sample(size: number): Buffer {
  const bytes = createCipheriv('aes-128-ctr', Buffer.alloc(16, 1), Buffer.alloc(16)).update(
    Buffer.alloc(size),
  );
  return bytes.fill('text ', 0, Math.floor(size / 2));
}

async function* inChunks(bytes: Uint8Array, chunkBytes: number): ByteStream {
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) {
    yield await Promise.resolve(bytes.subarray(at, at + chunkBytes));
  }
}

async function compress(
  bytes: Uint8Array,
  chunkBytes = 65_536,
  options: ParallelGzipOptions = {},
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of parallelGzip(inChunks(bytes, chunkBytes), options)) parts.push(part);
  return Buffer.concat(parts);
}

describe('parallel gzip', () => {
  test.each(sizes)('restores %d bytes', async (size) => {
    const bytes = sample(size);
    expect(Buffer.compare(gunzipSync(await compress(bytes)), bytes)).toBe(0);
  });

  test('is one member, for readers that support only one', async () => {
    const compressed = await compress(sample(3 * gzipBlockBytes));
    const sizeInTrailer = compressed.readUInt32LE(compressed.length - 4);
    expect(sizeInTrailer).toBe(3 * gzipBlockBytes);
  });

  test('gives the same bytes for any chunking and any number of threads', async () => {
    const bytes = sample(2 * gzipBlockBytes + 777);
    const results = [
      await compress(bytes),
      await compress(bytes, 1_000_003),
      await compress(bytes, 5 * gzipBlockBytes),
      await compress(bytes, 511, { parallelism: 1 }),
      await compress(bytes, 4096, { parallelism: 16 }),
    ];
    expect(new Set(results.map((result) => digestOf(result))).size).toBe(1);
  });

  test('compresses', async () => {
    const text = Buffer.alloc(2 * gzipBlockBytes, 'the same words again and again. ');
    expect((await compress(text)).length).toBeLessThan(text.length / 50);
    const better = await compress(sample(gzipBlockBytes), 65_536, { level: 9 });
    expect(better.length).toBeLessThan(gzipBlockBytes * 0.6);
  });

  test('passes on what its source throws', async () => {
    const broken = new Error('the source broke');
    const failing = async function* (): ByteStream {
      yield* inChunks(sample(3 * gzipBlockBytes), 65_536);
      throw broken;
    };
    await expect(readAll(parallelGzip(failing()))).rejects.toBe(broken);
  });

  test('reads only a few blocks ahead', async () => {
    let read = 0;
    const endless = async function* (): ByteStream {
      for (;;) {
        read += gzipBlockBytes;
        yield await Promise.resolve(Buffer.alloc(gzipBlockBytes));
      }
    };
    let parts = 0;
    for await (const part of parallelGzip(endless(), { parallelism: 2 })) {
      parts += part.byteLength > 0 ? 1 : 0;
      if (parts === 5) break;
    }
    expect(read).toBeLessThanOrEqual((parts + 4) * gzipBlockBytes);
  });
});

async function readAll(bytes: ByteStream): Promise<void> {
  for await (const part of bytes) expect(part.byteLength).toBeGreaterThan(0);
}
