import { Readable } from 'node:stream';
import { IntegrityError, type ByteStream, type Digest } from '@drayage/core';
import { tarEnd, tarHeader, tarPadding } from '@drayage/core/bundle';

/** A regular file in an archive. Its size is known before its bytes are opened. */
export interface ArchiveEntry {
  readonly name: string;
  /** Size of what `open` returns (bytes). */
  readonly size: number;
  /** Default: 0644. */
  readonly mode?: number | undefined;
  /** Seconds since 1970. Default: 0. */
  readonly mtime?: number | undefined;
  readonly open: () => Promise<ByteStream>;
}

/** The name of a blob's entry in OCI layouts, and in docker-archives by drayage. */
export function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

export function bytesEntry(name: string, bytes: Uint8Array): ArchiveEntry {
  return { name, size: bytes.byteLength, open: () => Promise.resolve(Readable.from([bytes])) };
}

// Few large chunks instead of many small ones: headers, padding and small blobs are sent together.
const chunkBytes = 256 * 1024;

/**
 * The tar archive of `entries`, in order, in chunks of at least 256 KiB (except the last). Opens an entry
 * only when the reader has reached it. The archive's end comes once `beforeEnd` has resolved. The same
 * entries give the same bytes. Throws what `open` or its stream throws.
 * @throws IntegrityError `SIZE_MISMATCH` when an entry has more or fewer bytes than its size
 */
export async function* tarBytes(entries: Iterable<ArchiveEntry>, beforeEnd?: Promise<void>): ByteStream {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of blocksOf(entries, beforeEnd)) {
    held.push(chunk);
    size += chunk.byteLength;
    if (size < chunkBytes) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}

/** The length of an archive with one file of `size` bytes. Pure. */
export function oneFileTarBytes(size: number): number {
  const blockBytes = 512;
  return blockBytes + size + tarPadding(size).length + tarEnd().length;
}

async function* blocksOf(entries: Iterable<ArchiveEntry>, beforeEnd: Promise<void> | undefined): ByteStream {
  for (const entry of entries) {
    const { name: path, size, mode = 0o644, mtime } = entry;
    yield tarHeader({ path, type: 'file', mode, size, mtime });
    yield* contentOf(entry);
    yield tarPadding(size);
  }
  await beforeEnd;
  yield tarEnd();
}

async function* contentOf({ name, size, open }: ArchiveEntry): ByteStream {
  let count = 0;
  for await (const chunk of await open()) {
    count += chunk.byteLength;
    if (count > size) break;
    yield chunk;
  }
  if (count === size) return;
  const got = count > size ? `more than ${String(size)}` : `only ${String(count)} of ${String(size)}`;
  throw new IntegrityError('SIZE_MISMATCH', `cannot archive ${name}: received ${got} bytes`);
}
