import { rename, type FileHandle } from 'node:fs/promises';
import type { ByteStream, PutResult } from '../blob-store.ts';
import { isDrayError, systemErrorCode } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { hexOf } from '../image/digest.ts';
import { abortable, throwIfAborted } from './abort.ts';
import { createBatchWriter } from './batch-writer.ts';
import { createBlobCheck, type BlobCheck } from './blob-check.ts';
import { beginIngest, createIngest, discardIngest, releaseIngest, type Ingest } from './ingest.ts';
import { blobPath, hasBlobsDirectory, makeStoreDirectories } from './layout.ts';
import { statRegularFile } from './safe-file.ts';
import { blobWriteError } from './store-error.ts';

export interface PutBlobRequest {
  /** The bundle's directory. */
  readonly dir: string;
  readonly descriptor: Descriptor;
  readonly open: (offset: number) => Promise<ByteStream>;
  readonly staleAfterMs: number;
  readonly signal: AbortSignal | undefined;
}

const rereadChunkBytes = 1024 * 1024;

/** Stores one blob in a bundle's directory; implements `BlobStore.put`. */
export async function putBlob(request: PutBlobRequest): Promise<PutResult> {
  const { dir, descriptor, staleAfterMs } = request;
  if (await isStored(dir, descriptor)) return { bytesRead: 0 };
  await makeStoreDirectories(dir);
  const key = hexOf(descriptor.digest);
  const ingest = await beginIngest(dir, { key, maxBytes: descriptor.size, staleAfterMs });
  if (ingest.resumedBytes === 0) return { bytesRead: await complete(request, ingest) };
  const resumed = { bytesRead: 0 };
  try {
    return { bytesRead: await complete(request, ingest, resumed) };
  } catch (error) {
    if (!isDrayError(error, 'DIGEST_MISMATCH', 'SIZE_MISMATCH')) throw error;
  }
  // Either the bytes of the interrupted put or the source's rest may be wrong: only a put from the start can
  // decide.
  const bytesRead = await complete(request, await createIngest(dir, key));
  return { bytesRead: resumed.bytesRead + bytesRead };
}

/**
 * True when the complete blob exists. A file of another size, left by a power failure, does not count and
 * will be replaced.
 */
async function isStored(dir: string, descriptor: Descriptor): Promise<boolean> {
  if (!(await hasBlobsDirectory(dir))) return false;
  const stats = await statRegularFile(blobPath(dir, descriptor.digest));
  return stats?.size === descriptor.size;
}

/**
 * Fills the ingest and renames it into place, or leaves nothing visible. Resolves with the bytes read from
 * the source.
 */
async function complete(
  request: PutBlobRequest,
  ingest: Ingest,
  progress: { bytesRead: number } = { bytesRead: 0 },
): Promise<number> {
  try {
    await fill(request, ingest, progress);
  } catch (error) {
    // A full disk needs the space more than we need the bytes; wrong bytes are useless.
    const isUseless = isDrayError(error, 'DIGEST_MISMATCH', 'SIZE_MISMATCH', 'DISK_FULL');
    if (isUseless) await discardIngest(ingest);
    else await releaseIngest(request.dir, hexOf(request.descriptor.digest), ingest);
    throw error;
  }
  await publish(request, ingest);
  return progress.bytesRead;
}

async function fill(request: PutBlobRequest, ingest: Ingest, progress: { bytesRead: number }): Promise<void> {
  const { descriptor, signal } = request;
  const check = createBlobCheck(descriptor, 'its source');
  await writing(request, ingest, () => reread(ingest.handle, ingest.resumedBytes, check, signal));
  if (check.size < descriptor.size || ingest.resumedBytes === 0) {
    await receive(request, ingest, check, progress);
  }
  check.finish();
}

async function receive(
  request: PutBlobRequest,
  ingest: Ingest,
  check: BlobCheck,
  progress: { bytesRead: number },
): Promise<void> {
  const { descriptor, signal } = request;
  const what = `write blob ${descriptor.digest}`;
  const writer = createBatchWriter(ingest.handle, check.size);
  const source = await request.open(check.size);
  try {
    for await (const chunk of abortable(source, signal, what)) {
      progress.bytesRead += chunk.byteLength;
      check.update(chunk);
      await writing(request, ingest, () => writer.write(chunk));
    }
  } finally {
    // Keep what arrived before a failure too, so that the next put has less to do.
    await writing(request, ingest, () => writer.flush());
  }
}

async function reread(
  handle: FileHandle,
  bytes: number,
  check: BlobCheck,
  signal: AbortSignal | undefined,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(bytes, rereadChunkBytes));
  while (check.size < bytes) {
    throwIfAborted(signal, 'continue an interrupted blob');
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, check.size);
    if (bytesRead === 0) return;
    check.update(buffer.subarray(0, bytesRead));
  }
}

// Blobs are not fsynced: on the machines measured that makes a pre-pull twice as long, for no benefit. Every
// reader verifies size and digest, the next put replaces a file truncated by a power failure, and the
// documents that name blobs are synced.
async function publish({ dir, descriptor }: PutBlobRequest, ingest: Ingest): Promise<void> {
  const path = blobPath(dir, descriptor.digest);
  try {
    await ingest.handle.close();
    await rename(ingest.path, path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT' && (await isStored(dir, descriptor))) return;
    throw blobWriteError({ dir, path, descriptor }, error);
  }
}

/** Runs file operations and wraps their errors. */
async function writing(
  { dir, descriptor }: PutBlobRequest,
  ingest: Ingest,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isDrayError(error)) throw error;
    throw blobWriteError({ dir, path: ingest.path, descriptor }, error);
  }
}
