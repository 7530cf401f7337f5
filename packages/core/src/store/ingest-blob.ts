import { createHash } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import type { ByteStream, IngestedBlob } from '../blob-store.ts';
import { isDrayError } from '../errors.ts';
import { fromHex } from '../image/digest.ts';
import { abortable } from './abort.ts';
import { createBatchWriter } from './batch-writer.ts';
import { createIngest, discardIngest, listPartials, type Ingest } from './ingest.ts';
import { blobPath, makeStoreDirectories } from './layout.ts';
import { setModeOf } from './modes.ts';
import { statRegularFile } from './safe-file.ts';
import { ingestWriteError } from './store-error.ts';

export interface IngestBlobRequest {
  /** The bundle's directory. */
  readonly dir: string;
  readonly bytes: ByteStream;
  readonly signal: AbortSignal | undefined;
}

// Not a digest, so that a put never continues an abandoned ingest as its own.
const key = 'unnamed';

/** Stores one blob of unknown digest in a bundle's directory; implements `BlobIngest.ingest`. */
export async function ingestBlob(request: IngestBlobRequest): Promise<IngestedBlob> {
  await makeStoreDirectories(request.dir);
  await removeAbandoned(request.dir);
  const ingest = await createIngest(request.dir, key);
  let blob: Omit<IngestedBlob, 'isNew'>;
  try {
    blob = await receive(request, ingest);
  } catch (error) {
    // Without a digest, these bytes cannot be continued.
    await discardIngest(ingest);
    throw error;
  }
  return publish(request.dir, ingest, blob);
}

/** Removes what killed writers left: without a digest it cannot be continued. */
async function removeAbandoned(dir: string): Promise<void> {
  for (const partial of await listPartials(dir)) {
    if (partial.key === key && partial.owner === 'dead') await rm(partial.path, { force: true });
  }
}

async function receive(
  { dir, bytes, signal }: IngestBlobRequest,
  { handle }: Ingest,
): Promise<Omit<IngestedBlob, 'isNew'>> {
  const hash = createHash('sha256');
  const writer = createBatchWriter(handle, 0);
  let size = 0;
  const writing = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw ingestWriteError(dir, size, error);
    }
  };
  for await (const chunk of abortable(bytes, signal, `write a blob to ${dir}`)) {
    size += chunk.byteLength;
    hash.update(chunk);
    await writing(() => writer.write(chunk));
  }
  await writing(() => writer.flush());
  return { digest: fromHex(hash.digest('hex')), size };
}

async function publish(
  dir: string,
  ingest: Ingest,
  blob: Omit<IngestedBlob, 'isNew'>,
): Promise<IngestedBlob> {
  await ingest.handle.close();
  return publishFile(dir, ingest.path, blob);
}

/**
 * Turns a file of the ingest directory, with known digest and size, into a blob. @throws DrayError
 * `STORE_IO`, `DISK_FULL`
 */
export async function publishFile(
  dir: string,
  file: string,
  blob: Omit<IngestedBlob, 'isNew'>,
): Promise<IngestedBlob> {
  const path = blobPath(dir, blob.digest);
  try {
    // A file of another size was truncated by a power failure.
    const isThere = (await statRegularFile(path))?.size === blob.size;
    if (isThere) await rm(file, { force: true });
    else {
      // A tool may have written it, with the umask of this process.
      await setModeOf(file);
      await rename(file, path);
    }
    return { digest: blob.digest, size: blob.size, isNew: !isThere };
  } catch (error) {
    await rm(file, { force: true });
    throw isDrayError(error) ? error : ingestWriteError(dir, blob.size, error);
  }
}
