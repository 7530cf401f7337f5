import type { ByteStream } from '@drayage/core';
import type { MemoryBudget } from './memory-budget.ts';

const mebibyte = 1024 * 1024;

/** AWS takes parts from 5 MiB on; 8 MiB is what its own tools send. */
const smallestPartBytes = 8 * mebibyte;

/** Scaleway's limit; that of AWS is ten times as high. */
const maxParts = 1_000;

/** A part, and how to give back its share of the memory budget. */
export interface Part {
  /** Counted from 1. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly release: () => void;
}

/** The size of all parts but the last (bytes): equal, as R2 wants it, and 1,000 parts at most. */
export function partBytesFor(sizeBytes: number): number {
  const needed = Math.ceil(sizeBytes / maxParts / mebibyte) * mebibyte;
  return Math.max(smallestPartBytes, needed);
}

/**
 * Cuts the bytes of a blob into parts. The last one comes only after the source has ended without error. An
 * empty blob has one part. The reader releases each part.
 */
export async function* partsOf(
  bytes: ByteStream,
  sizeBytes: number,
  { budget, signal }: { readonly budget: MemoryBudget; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Part> {
  const partBytes = partBytesFor(sizeBytes);
  const remaining = (number: number): number => Math.min(partBytes, sizeBytes - (number - 1) * partBytes);
  let part = await newPart(1, remaining(1), budget, signal);
  let filled = 0;
  let isOwn = true;
  try {
    for await (const chunk of bytes) {
      for (let taken = 0; taken < chunk.byteLength;) {
        if (filled === part.bytes.byteLength) {
          isOwn = false;
          yield part;
          part = await newPart(part.number + 1, remaining(part.number + 1), budget, signal);
          [filled, isOwn] = [0, true];
        }
        const piece = chunk.subarray(taken, taken + part.bytes.byteLength - filled);
        part.bytes.set(piece, filled);
        taken += piece.byteLength;
        filled += piece.byteLength;
      }
    }
    isOwn = false;
    yield part;
  } finally {
    if (isOwn) part.release();
  }
}

async function newPart(
  number: number,
  sizeBytes: number,
  budget: MemoryBudget,
  signal: AbortSignal | undefined,
): Promise<Part> {
  const release = await budget.take(sizeBytes, signal);
  return { number, bytes: Buffer.allocUnsafeSlow(sizeBytes), release };
}
