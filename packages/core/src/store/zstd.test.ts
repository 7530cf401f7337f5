import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { ByteStream } from '../blob-store.ts';
import { skippableFrame, zstdFrame } from '../testing/zstd-frames.ts';
import { unzstd } from './zstd.ts';

describe('unzstd', () => {
  const inflated = async (compressed: Buffer, chunkBytes: number): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    for await (const part of unzstd(chunked(compressed, chunkBytes), 'the layer')) parts.push(part);
    return Buffer.concat(parts);
  };

  test.each([1, 7, 1000, 1_000_000])('restores the content from chunks of %d bytes', async (chunkBytes) => {
    const content = randomBytes(chunkBytes === 1 ? 2000 : 300_000);
    expect((await inflated(zstdFrame(content), chunkBytes)).equals(content)).toBe(true);
  });

  test.each([1, 13, 1_000_000])(
    'joins frames and skips skippable ones, in chunks of %d bytes',
    async (chunkBytes) => {
      const [first, second] = [randomBytes(3000), randomBytes(500)];
      const compressed = [
        skippableFrame(9),
        zstdFrame(first),
        skippableFrame(100),
        zstdFrame(second),
        skippableFrame(33),
      ];
      expect(
        (await inflated(Buffer.concat(compressed), chunkBytes)).equals(Buffer.concat([first, second])),
      ).toBe(true);
    },
  );

  test('refuses a truncated stream', async () => {
    const compressed = zstdFrame(randomBytes(5000)).subarray(0, 3000);
    await expect(inflated(compressed, 1000)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  test('refuses bytes that are not zstd', async () => {
    await expect(inflated(Buffer.alloc(5000, 'x'), 1000)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  test('passes on what its source throws', async () => {
    const broken = Object.assign(new Error('broken'), { code: 'BROKEN' });
    const read = async (): Promise<void> => {
      for await (const part of unzstd(throwing(broken), 'the layer')) expect(part).toBeDefined();
    };
    await expect(read()).rejects.toBe(broken);
  });
});

function chunked(bytes: Buffer, size: number): Readable {
  const count = Math.ceil(bytes.length / size);
  return Readable.from(Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size)));
}

async function* throwing(error: Error): ByteStream {
  yield await Promise.resolve(zstdFrame(randomBytes(100)).subarray(0, 50));
  throw error;
}
