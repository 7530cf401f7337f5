import { readdir, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { BlobInfo, BlobIngest, BlobStore, OpenOptions } from '../blob-store.ts';
import { DrayError, systemErrorCode } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { fromHex, type Digest } from '../image/digest.ts';
import { throwIfAborted } from './abort.ts';
import { ingestBlob } from './ingest-blob.ts';
import { blobPath, blobsDirectory, hasBlobsDirectory } from './layout.ts';
import { openRegularFile, statRegularFile } from './safe-file.ts';
import { putBlob } from './put-blob.ts';
import { storeIoError } from './store-error.ts';

export interface DirectoryBlobStoreOptions {
  /**
   * After this time without growth, an unfinished blob of another machine may be continued (ms, default 60
   * s).
   */
  readonly staleAfterMs?: number | undefined;
}

// Fewer, larger reads: each is a round trip through the thread pool.
const readChunkBytes = 512 * 1024;

/**
 * The blobs of the OCI image layout in `dir`. The first put creates missing directories.
 *
 * A put writes to `.dray/ingest` and renames the file into place once size and digest are proven. An
 * interrupted put leaves its bytes there; the next put of that blob, even by another process, continues them.
 * Links and special files are never followed or opened (`BUNDLE_UNSAFE`). A source must not reuse the chunks
 * it gives to `put`.
 * @see image-spec v1.1.1, image-layout.md
 */
export function createDirectoryBlobStore(
  dir: string,
  options: DirectoryBlobStoreOptions = {},
): BlobStore & BlobIngest {
  const staleAfterMs = options.staleAfterMs ?? 60_000;
  const isUsable = createUsableCheck(dir);
  return {
    async stat(digest, signal) {
      throwIfAborted(signal, `look up blob ${digest}`);
      return (await isUsable()) ? statBlob(dir, digest) : undefined;
    },
    async open(descriptor, openOptions = {}) {
      throwIfAborted(openOptions.signal, `open blob ${descriptor.digest}`);
      return openBlob(dir, descriptor, (await isUsable()) ? openOptions : undefined);
    },
    async put(descriptor, open, putOptions = {}) {
      throwIfAborted(putOptions.signal, `write blob ${descriptor.digest}`);
      return putBlob({ dir, descriptor, open, staleAfterMs, signal: putOptions.signal });
    },
    async ingest(bytes, { signal } = {}) {
      throwIfAborted(signal, `write a blob to ${dir}`);
      return ingestBlob({ dir, bytes, signal });
    },
    list: (signal) => listBlobs(dir, signal),
    async delete(digest, signal) {
      throwIfAborted(signal, `delete blob ${digest}`);
      if (await isUsable()) await deleteBlob(dir, digest);
    },
  };
}

/** Checks the blob directories until they exist; a bundle's directories do not turn into links later. */
function createUsableCheck(dir: string): () => Promise<boolean> {
  let isKnown = false;
  return async () => {
    isKnown ||= await hasBlobsDirectory(dir);
    return isKnown;
  };
}

async function statBlob(dir: string, digest: Digest): Promise<BlobInfo | undefined> {
  const stats = await statRegularFile(blobPath(dir, digest));
  return stats === undefined ? undefined : { digest, size: stats.size };
}

async function openBlob(
  dir: string,
  descriptor: Descriptor,
  options: OpenOptions | undefined,
): Promise<Readable> {
  const handle = options === undefined ? undefined : await openRegularFile(blobPath(dir, descriptor.digest));
  if (handle === undefined) {
    throw new DrayError('BLOB_MISSING', `cannot read blob ${descriptor.digest} from ${dir}: file not found`, {
      details: { digest: descriptor.digest },
    });
  }
  return handle.createReadStream({
    start: options?.offset ?? 0,
    highWaterMark: readChunkBytes,
    ...(options?.signal === undefined ? {} : { signal: options.signal }),
  });
}

async function* listBlobs(dir: string, signal: AbortSignal | undefined): AsyncGenerator<BlobInfo> {
  if (!(await hasBlobsDirectory(dir))) return;
  for (const digest of await listBlobDigests(dir)) {
    throwIfAborted(signal, `list blobs of ${dir}`);
    const info = await statBlob(dir, digest);
    if (info !== undefined) yield info;
  }
}

/**
 * The digests after which files in the blobs directory are named, in order; ignores files with other names.
 */
export async function listBlobDigests(dir: string): Promise<readonly Digest[]> {
  try {
    const names = await readdir(blobsDirectory(dir));
    return names
      .filter((name) => /^[a-f0-9]{64}$/.test(name))
      .sort()
      .map(fromHex);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw storeIoError('list directory', blobsDirectory(dir), error);
  }
}

async function deleteBlob(dir: string, digest: Digest): Promise<void> {
  const path = blobPath(dir, digest);
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw storeIoError('delete file', path, error);
  }
}
