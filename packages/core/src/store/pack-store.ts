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

/** The packs of a local bundle. */
export interface PackStore extends BlobIngest {
  /** A path for a new pack; first removes what dead writers left. @throws DrayError `STORE_IO` */
  newFile(): Promise<string>;
  /** Moves a finished file into the bundle as a blob. @throws DrayError `STORE_IO`, `ABORTED` */
  adopt(file: string, signal?: AbortSignal): Promise<IngestedBlob>;
  /** The path of a blob's file, which need not exist. */
  fileOf(digest: Digest): string;
  /**
   * Proves that a blob's file has the right bytes, unless that was proven before and the file is unchanged.
   * Resolves with the proven state of the file.
   * @throws IntegrityError `DIGEST_MISMATCH`, `SIZE_MISMATCH`; DrayError `BLOB_MISSING`, `BUNDLE_UNSAFE`,
   * `STORE_IO`, `ABORTED`
   */
  prove(descriptor: Descriptor, signal?: AbortSignal): Promise<FileState>;
  /**
   * A new directory for extracted files; first removes what dead processes left. The caller removes it.
   * @throws DrayError `STORE_IO`
   */
  workDirectory(): Promise<string>;
}

export interface PackStoreOptions {
  /** Remembers proven states; only its owner may have write access. Undefined: prove each time. */
  readonly provenDir?: string | undefined;
}

const key = 'pack';

/** The store for packs of the bundle in `dir`. */
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
