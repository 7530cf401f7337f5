import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import type { ByteStream } from '@drayage/core';

/** How a stream is compressed. */
export interface ParallelGzipOptions {
  /** 1 (fast) to 9 (small), default 1. */
  readonly level?: number | undefined;
  /** Blocks that are compressed at a time, default: as many as there are processors, at most 4 (the threads of Node.js). It does not change the result. */
  readonly parallelism?: number | undefined;
}

/** Uncompressed bytes of each block but the last. Part of the format: another size gives other bytes. */
export const gzipBlockBytes: number = 1024 * 1024;

// Of a system library folder of 710 MB, level 1 makes 261 MB and level 6 makes 239 MB in twice the time: more than the 22 MB take to travel.
const defaultLevel = 1;

// No name, no time, operating system unknown: nothing that differs from one run to the next. RFC 1952, 2.3.
const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

const deflate = promisify<Uint8Array, object, Buffer>(deflateRaw);

/**
 * `bytes` as one gzip member, whose blocks of 1 MiB are compressed independently of each other in the threads of Node.js and joined by
 * sync flushes, as `pigz -i` does. Every gzip reader can read it. The same bytes give the same result, however they arrive, on the same
 * Node.js release and processor architecture. Holds a few blocks at a time; what `bytes` throws comes out here.
 * @see RFC 1951, RFC 1952
 */
export async function* parallelGzip(bytes: ByteStream, options: ParallelGzipOptions = {}): ByteStream {
  const level = options.level ?? defaultLevel;
  // One more than are compressed, so that no thread waits while a finished block is being written.
  const inFlight = Math.max(1, options.parallelism ?? Math.min(4, availableParallelism())) + 1;
  const compressing: Promise<Buffer>[] = [];
  let checksum = 0;
  let size = 0;
  yield header;
  for await (const { block, isLast } of blocksOf(bytes)) {
    checksum = crc32(block, checksum);
    size += block.byteLength;
    const compressed = deflateBlock(block, { level, isLast });
    // Whoever stops reading leaves blocks behind that nobody awaits.
    compressed.catch(() => undefined);
    compressing.push(compressed);
    if (compressing.length >= inFlight) yield* shift(compressing);
  }
  while (compressing.length > 0) yield* shift(compressing);
  yield trailer(checksum, size);
}

async function* shift(compressing: Promise<Buffer>[]): ByteStream {
  const next = compressing.shift();
  if (next !== undefined) yield await next;
}

interface Block {
  readonly block: Uint8Array;
  readonly isLast: boolean;
}

/** At least one block; all but the last are full. */
async function* blocksOf(bytes: ByteStream): AsyncGenerator<Block> {
  let block = Buffer.allocUnsafe(gzipBlockBytes);
  let filled = 0;
  for await (const chunk of bytes) {
    for (let taken = 0; taken < chunk.byteLength;) {
      // A full block waits for the next byte: only then is it known not to be the last one.
      if (filled === gzipBlockBytes) {
        yield { block, isLast: false };
        block = Buffer.allocUnsafe(gzipBlockBytes);
        filled = 0;
      }
      const part = chunk.subarray(taken, taken + gzipBlockBytes - filled);
      block.set(part, filled);
      filled += part.byteLength;
      taken += part.byteLength;
    }
  }
  yield { block: block.subarray(0, filled), isLast: true };
}

function deflateBlock(
  block: Uint8Array,
  { level, isLast }: { level: number; isLast: boolean },
): Promise<Buffer> {
  return deflate(block, {
    level,
    finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    // Room for the whole result, so that a block is one task of one thread.
    chunkSize: gzipBlockBytes + 64 * 1024,
  });
}

function trailer(checksum: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(checksum, 0);
  bytes.writeUInt32LE(size % 2 ** 32, 4);
  return bytes;
}
