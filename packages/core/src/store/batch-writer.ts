import type { FileHandle } from 'node:fs/promises';

const batchBytes = 256 * 1024;
// Linux accepts this many buffers in one writev (IOV_MAX).
const batchChunks = 1024;

/**
 * Writes a stream of chunks in order, with few and large system calls. Keeps the chunks until they are
 * written, so callers must not reuse them.
 */
export interface BatchWriter {
  /**
   * Queues a chunk; waits only while two batches are in flight. Rejects with the file system's error,
   * possibly of an earlier chunk.
   */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when all queued chunks are in the file. */
  flush(): Promise<void>;
}

/** A {@link BatchWriter} that begins at byte `position` of an open file. It does not close the file. */
export function createBatchWriter(handle: FileHandle, position: number): BatchWriter {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let nextPosition = position;
  let inFlight: Promise<void> = Promise.resolve();

  const startBatch = async (): Promise<void> => {
    // The next batch fills while this one is being written, so hashing and writing overlap.
    await inFlight;
    inFlight = writeFully(handle, pending, nextPosition);
    inFlight.catch(() => undefined);
    nextPosition += pendingBytes;
    pending = [];
    pendingBytes = 0;
  };

  return {
    async write(chunk) {
      if (chunk.byteLength === 0) return;
      pending.push(chunk);
      pendingBytes += chunk.byteLength;
      if (pendingBytes >= batchBytes || pending.length >= batchChunks) await startBatch();
    },
    async flush() {
      if (pendingBytes > 0) await startBatch();
      await inFlight;
    },
  };
}

async function writeFully(
  handle: FileHandle,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = chunks;
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = withoutFirst(rest, bytesWritten);
  }
}

function withoutFirst(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  const position = chunks.findIndex((chunk) => {
    if (left < chunk.byteLength) return true;
    left -= chunk.byteLength;
    return false;
  });
  const [first, ...others] = position < 0 ? [] : chunks.slice(position);
  return first === undefined ? [] : [first.subarray(left), ...others];
}
