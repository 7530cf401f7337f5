import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DrayError } from '../errors.ts';
import { maxManifestBytes } from '../image/manifest.ts';
import type { DocumentName, DocumentStore } from '../transport.ts';
import { throwIfAborted } from './abort.ts';
import { withDocumentLock } from './document-lock.ts';
import { createIngest, discardIngest } from './ingest.ts';
import { makeStoreDirectories } from './layout.ts';
import { openRegularFile } from './safe-file.ts';
import { documentWriteError, storeIoError } from './store-error.ts';

/**
 * The documents of the bundle in `dir`, which need not exist yet. A write replaces the file by rename after
 * an fsync, so that a power failure leaves the old document or the new one. Refuses to read or write
 * documents over 4 MiB (`BUNDLE_INVALID`), and does not follow links.
 */
export function createDirectoryDocumentStore(dir: string): DocumentStore {
  return {
    async read(name, signal) {
      throwIfAborted(signal, `read ${name}`);
      return readDocument(join(dir, name));
    },
    async write(name, bytes, signal) {
      throwIfAborted(signal, `write ${name}`);
      await writeDocument(dir, name, bytes);
    },
    exclusively: (action, signal) => withDocumentLock(dir, action, signal),
    async delete(name, signal) {
      throwIfAborted(signal, `delete ${name}`);
      await deleteDocument(join(dir, name));
    },
  };
}

async function readDocument(path: string): Promise<Uint8Array | undefined> {
  const handle = await openRegularFile(path);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    checkDocumentSize(path, size);
    const bytes = await handle.readFile();
    checkDocumentSize(path, bytes.byteLength);
    return bytes;
  } catch (error) {
    if (error instanceof DrayError) throw error;
    throw storeIoError('read file', path, error);
  } finally {
    await handle.close();
  }
}

async function writeDocument(dir: string, name: DocumentName, bytes: Uint8Array): Promise<void> {
  const path = join(dir, name);
  checkDocumentSize(path, bytes.byteLength);
  await makeStoreDirectories(dir);
  const ingest = await createIngest(dir, name);
  try {
    await ingest.handle.writeFile(bytes);
    await ingest.handle.datasync();
    await rename(ingest.path, path);
    await ingest.handle.close();
  } catch (error) {
    await discardIngest(ingest);
    throw documentWriteError(path, bytes.byteLength, error);
  }
}

async function deleteDocument(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw storeIoError('delete file', path, error);
  }
}

function checkDocumentSize(path: string, size: number): void {
  if (size <= maxManifestBytes) return;
  throw new DrayError(
    'BUNDLE_INVALID',
    `cannot use document ${path}: it has ${String(size)} bytes, over the limit of 4 MiB`,
    { details: { path, size } },
  );
}
