import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobIngest, IngestedBlob } from '../blob-store.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { createDirectoryBlobStore } from './directory-blob-store.ts';
import { hashFile } from './hash-file.ts';
import { publishFile } from './ingest-blob.ts';
import { listPartials } from './ingest.ts';
import { blobPath, ingestDirectory, makeStoreDirectories } from './layout.ts';
import { ownedName } from './owner.ts';
import { proveFile } from './prove-file.ts';
import type { FileState } from './proven-file.ts';
import { makeWorkDirectory } from './work-directory.ts';

/** Where packs are made and used: in a bundle on this node. */
export interface PackStore extends BlobIngest {
  /** A path for a pack that is yet to be written; what dead writers left is removed first. @throws DrayError `STORE_IO` */
  newFile(): Promise<string>;
  /** Makes a finished file a blob of the bundle; the file is gone from its old place afterwards. @throws DrayError `STORE_IO`, `ABORTED` */
  adopt(file: string, signal?: AbortSignal): Promise<IngestedBlob>;
  /** The file that holds a blob, whether it is there or not. */
  fileOf(digest: Digest): string;
  /**
   * Proves that the file of a blob holds what it should, unless that was proven already and nobody has changed the file since. Resolves with
   * the state of the file that was proven.
   * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `BLOB_MISSING`, `BUNDLE_UNSAFE`, `STORE_IO`, `ABORTED`
   */
  prove(descriptor: Descriptor, signal?: AbortSignal): Promise<FileState>;
  /** A fresh directory for what has to be extracted; what dead processes left is removed first. The caller removes it. @throws DrayError `STORE_IO` */
  workDirectory(): Promise<string>;
}

export interface PackStoreOptions {
  /** Keeps what was proven; only its owner may be able to write there. Undefined: it is proven each time. */
  readonly provenDir?: string | undefined;
}

const key = 'pack';

/** The place for packs of the bundle in `dir`. */
export function createPackStore(dir: string, options: PackStoreOptions = {}): PackStore {
  const blobs = createDirectoryBlobStore(dir);
  const { provenDir } = options;
  return {
    ingest: (bytes, options) => blobs.ingest(bytes, options),
    async newFile() {
      await makeStoreDirectories(dir);
      for (const partial of await listPartials(dir)) {
        if (partial.key === key && partial.owner === 'dead') await rm(partial.path, { force: true });
      }
      return join(ingestDirectory(dir), ownedName(key));
    },
    async adopt(file, signal) {
      return publishFile(dir, file, await hashFile(file, signal));
    },
    fileOf: (digest) => blobPath(dir, digest),
    prove: (descriptor, signal) =>
      proveFile({ file: blobPath(dir, descriptor.digest), descriptor, provenDir, signal }),
    workDirectory: () => makeWorkDirectory(dir),
  };
}
