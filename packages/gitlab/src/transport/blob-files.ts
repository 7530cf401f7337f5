import { isDrayError, type Digest } from '@drayage/core';
import { operationAt } from '@drayage/http';
import type { PackageFile } from '../api/package-registry.ts';
import { filesOfBlob, lastNumber, parseFileName } from './file-names.ts';
import type { BundleLocation } from './bundle-location.ts';

/** The files with blobs. Listing is slow, so it happens once; our own uploads are added to the list. */
export interface BlobFiles {
  /** Every file, oldest first. */
  all(signal: AbortSignal | undefined): Promise<readonly PackageFile[]>;
  /** The file of a blob that will exist long enough to rely on; undefined: none. */
  find(digest: Digest, signal: AbortSignal | undefined): Promise<PackageFile | undefined>;
  /** The number for the next file of a blob: 0 for the first. */
  nextNumber(digest: Digest, signal: AbortSignal | undefined): Promise<number>;
  add(file: PackageFile): void;
  /** Makes the next call list them again. */
  forget(): void;
}

/** The files in the version of the package that has the blobs, listed on first use. */
export function createBlobFiles(location: BundleLocation): BlobFiles {
  const { registry, blobsVersion, client, keep } = location;
  let listing: Promise<readonly PackageFile[]> | undefined;
  const all = (signal: AbortSignal | undefined): Promise<readonly PackageFile[]> => {
    const current = (listing ??= registry.files(
      operationAt(location, 'list', 'blobs', { direction: 'of' }),
      blobsVersion,
      signal,
    ));
    return current.catch((error: unknown) => {
      // Failed listings are not cached. Callers that shared a listing which another aborted list again.
      if (listing === current) listing = undefined;
      if (isDrayError(error, 'ABORTED') && signal?.aborted !== true) return all(signal);
      throw error;
    });
  };
  return {
    all,
    async find(digest, signal) {
      const files = filesOfBlob(await all(signal), digest).map(({ file }) => file);
      return files.findLast((file) => isSound(file) && isYoung(file, keep, client.now()));
    },
    nextNumber: async (digest, signal) => lastNumber(filesOfBlob(await all(signal), digest)) + 1,
    add(file) {
      listing = listing?.then((files) => [...files, file]);
    },
    forget() {
      listing = undefined;
    },
  };
}

/** True unless GitLab reports a hash that differs from the name. */
function isSound({ name, sha256 }: PackageFile): boolean {
  const own = parseFileName(name);
  return own?.kind === 'blob' && (sha256 === undefined || own.digest === `sha256:${sha256}`);
}

/**
 * A blob counts as present for half of its keep time, so that a pipeline that relies on it has the
 * other half to use it before a clean-up.
 */
function isYoung({ createdAt }: PackageFile, keep: BundleLocation['keep'], now: number): boolean {
  return keep.kind === 'pipeline' || Number.isNaN(createdAt) || now - createdAt < keep.ms / 2;
}
