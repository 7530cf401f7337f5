import type { BlobIngest, BlobStore } from '../blob-store.ts';
import { removeAbandonedFiles } from '../store/abandoned-files.ts';
import { createDirectoryBlobStore } from '../store/directory-blob-store.ts';
import { createDirectoryDocumentStore } from '../store/directory-document-store.ts';
import { withDocumentLock } from '../store/document-lock.ts';
import { checkLayout, initLayout } from '../store/layout.ts';
import type { Transport } from '../transport.ts';

/** A bundle in a local directory. */
export interface DirectoryTransport extends Transport {
  readonly blobs: BlobStore & BlobIngest;
}

/**
 * Hands a bundle over through a directory that both sides can reach: a CI workspace or artifact, NFS. The
 * directory is itself a bundle. The first write creates it; reading its index requires a known layout
 * version.
 */
export function createDirectoryTransport(dir: string): DirectoryTransport {
  const blobs = createDirectoryBlobStore(dir);
  const documents = createDirectoryDocumentStore(dir);
  const ensureLayout = once(() => initLayout(dir));
  return {
    location: dir,
    blobs: {
      ...blobs,
      async put(descriptor, open, options) {
        await ensureLayout();
        return blobs.put(descriptor, open, options);
      },
    },
    documents: {
      ...documents,
      async exclusively(action, signal) {
        await ensureLayout();
        return withDocumentLock(dir, action, signal);
      },
      async read(name, signal) {
        const bytes = await documents.read(name, signal);
        if (bytes !== undefined && name === 'index.json') await checkLayout(dir);
        return bytes;
      },
      async write(name, bytes, signal) {
        await ensureLayout();
        await documents.write(name, bytes, signal);
      },
    },
    async sweep(signal) {
      await removeAbandonedFiles(dir, signal);
    },
    close: () => Promise.resolve(),
  };
}

/** Runs `action` until it succeeds once. */
function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}
