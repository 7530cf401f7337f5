import type { HeldImage } from '@drayage/core/bundle';
import { copyBlob } from '@drayage/core/handover';
import { EngineError, isDrayError, reasonOf, summarizeError } from '@drayage/core';
import type {
  BlobIngest,
  BlobStore,
  ByteStream,
  Descriptor,
  Digest,
  EngineInfo,
  Platform,
  PrepullEvent,
  Reference,
} from '@drayage/core';

/** An image of the engine, with the requested names. */
export interface WantedImage {
  readonly engineImageId: Digest;
  readonly references: readonly Reference[];
  /** As the engine lists them, bottom first. */
  readonly diffIds: readonly Digest[];
}

/** An image that the bundle has completely, under any name. Its manifest descriptor has its platform. */
export interface ComposedImage extends Omit<HeldImage, 'entry'> {
  readonly entry: Omit<HeldImage['entry'], 'reference' | 'name'>;
}

/** The state shared by the steps of one save. */
export interface SaveRun {
  readonly info: EngineInfo;
  readonly blobs: BlobStore & BlobIngest;
  /** Names the bundle in messages. */
  readonly location: string;
  /** Selects the image of an index. */
  readonly platform: Platform;
  /** Layers that need not be stored, by diffId: the bundle had them, or this run stored them. */
  readonly layers: Map<Digest, Descriptor>;
  /** Blobs that this run has stored, with the time that each took (ms). */
  readonly written: Map<Digest, number>;
  /** Blobs of the saved images. */
  readonly needed: Set<Digest>;
  readonly emit: (event: PrepullEvent) => void;
  readonly signal: AbortSignal | undefined;
}

/** Stores a blob of the archive, unless the bundle has it. `bytes` start at the blob's first byte. */
export async function putBlob(run: SaveRun, descriptor: Descriptor, bytes: ByteStream): Promise<void> {
  const startedAt = performance.now();
  const bytesRead = await copyBlob({
    descriptor,
    from: { location: run.info.location, open: (offset) => Promise.resolve(skipBytes(bytes, offset)) },
    to: { location: run.location, blobs: run.blobs },
    onBytes: (count) => {
      run.emit({ type: 'bytes', count });
    },
    signal: run.signal,
  });
  if (bytesRead > 0) run.written.set(descriptor.digest, performance.now() - startedAt);
}

/** Passes `bytes` through, with an event for each chunk. */
export async function* counted(bytes: ByteStream, emit: SaveRun['emit']): ByteStream {
  for await (const chunk of bytes) {
    emit({ type: 'bytes', count: chunk.byteLength });
    yield chunk;
  }
}

/**
 * Deletes the blobs that belong to no saved image. A failure becomes a warning: `bundle gc` collects what
 * remains.
 */
export async function dropUnneeded({ blobs, written, needed, emit }: SaveRun): Promise<void> {
  for (const digest of written.keys()) {
    if (needed.has(digest)) continue;
    try {
      await blobs.delete(digest);
    } catch (error) {
      if (!isDrayError(error)) throw error;
      emit({ type: 'warning', message: summarizeError(error).message });
    }
  }
}

/** The error for an archive that cannot be used; `what` names the image. */
export function saveFailed(
  what: string,
  { location }: EngineInfo,
  reason: string,
  cause?: unknown,
): EngineError {
  return new EngineError('ENGINE_SAVE_FAILED', `cannot save ${what} from ${location}: ${reason}`, {
    hint: 'Run it again; if the error persists, rebuild the image or pull it again.',
    cause,
  });
}

/** The error for an archive that breaks off. */
export function archiveBroken(what: string, info: EngineInfo, error: unknown): EngineError {
  return saveFailed(what, info, `the archive cannot be read to its end (${reasonOf(error)})`, error);
}

async function* skipBytes(bytes: ByteStream, count: number): ByteStream {
  let left = count;
  for await (const chunk of bytes) {
    const skipped = Math.min(left, chunk.byteLength);
    left -= skipped;
    if (skipped < chunk.byteLength) yield chunk.subarray(skipped);
  }
}
