import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { BlobInfo } from '../blob-store.ts';
import { DrayError, IntegrityError } from '../errors.ts';
import { fromHex } from '../image/digest.ts';
import { throwIfAborted } from './abort.ts';
import { openRegularFile } from './safe-file.ts';
import { storeIoError } from './store-error.ts';

const chunkBytes = 1024 * 1024;

/**
 * Digest and size of a regular file. With `expectedSize` (bytes), refuses a file of another size unread, and
 * reads at most one byte more of a growing file.
 * @throws DrayError `BLOB_MISSING`, `BUNDLE_UNSAFE` for a link, `STORE_IO`, `ABORTED`; IntegrityError
 * `SIZE_MISMATCH`
 */
export async function hashFile(path: string, signal?: AbortSignal, expectedSize?: number): Promise<BlobInfo> {
  const handle = await openRegularFile(path);
  if (handle === undefined) throw new DrayError('BLOB_MISSING', `cannot read file ${path}: file not found`);
  try {
    if (expectedSize === undefined) return await hashHandle(handle, path, { signal });
    checkSize(path, (await handle.stat()).size, expectedSize);
    const blob = await hashHandle(handle, path, { maxBytes: expectedSize + 1, signal });
    checkSize(path, blob.size, expectedSize);
    return blob;
  } finally {
    await handle.close();
  }
}

/**
 * Digest and size of an open file, from its first byte. Reads at most `maxBytes`.
 * @throws DrayError `STORE_IO`, `ABORTED`
 */
export async function hashHandle(
  handle: FileHandle,
  path: string,
  {
    maxBytes = Infinity,
    signal,
  }: { readonly maxBytes?: number | undefined; readonly signal?: AbortSignal | undefined },
): Promise<BlobInfo> {
  const hash = createHash('sha256');
  // Two buffers: reads fill one while the other is hashed.
  const buffers = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)] as const;
  const read = (turn: number, position: number): Promise<number> =>
    handle.read(buffers[turn % 2 === 0 ? 0 : 1], 0, Math.min(chunkBytes, maxBytes - position), position).then(
      ({ bytesRead }) => bytesRead,
      (error: unknown) => {
        throw storeIoError('read file', path, error);
      },
    );
  let size = 0;
  let pending = read(0, 0);
  for (let turn = 0; ; turn += 1) {
    throwIfAborted(signal, `read ${path}`);
    const bytesRead = await pending;
    if (bytesRead === 0) return { digest: fromHex(hash.digest('hex')), size };
    size += bytesRead;
    pending = read(turn + 1, size);
    hash.update(buffers[turn % 2 === 0 ? 0 : 1].subarray(0, bytesRead));
  }
}

function checkSize(path: string, size: number, expected: number): void {
  if (size === expected) return;
  throw new IntegrityError(
    'SIZE_MISMATCH',
    `cannot use ${path}: it has ${String(size)} bytes instead of ${String(expected)}`,
    { details: { path, size, expected } },
  );
}
