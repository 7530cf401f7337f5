import { isDrayError } from '@drayage/core';
import type { Digest } from '@drayage/core';
import type { PackageFile } from '../api/package-registry.ts';
import { filesOfBlob, lastNumber, parseFileName } from './file-names.ts';
import { operationAt } from './place.ts';
import type { Place } from './place.ts';

/** What is known of the files that hold blobs. Listing them is slow, so it is done once and kept up to date with what we do ourselves. */
export interface BlobFiles {
  /** Every file, oldest first. */
  all(signal: AbortSignal | undefined): Promise<readonly PackageFile[]>;
  /** The file of a blob that will be there long enough to rely on; undefined: none. */
  find(digest: Digest, signal: AbortSignal | undefined): Promise<PackageFile | undefined>;
  /** The number for another file of a blob: 0 when there is none. */
  nextNumber(digest: Digest, signal: AbortSignal | undefined): Promise<number>;
  add(file: PackageFile): void;
  /** Lists them again when they are asked for next. */
  forget(): void;
}

/** The files in the version of the package that has the blobs; nothing is listed before it is asked for. */
export function createBlobFiles(place: Place): BlobFiles {
  const { registry, blobsVersion, client, keep } = place;
  let listing: Promise<readonly PackageFile[]> | undefined;
  const all = (signal: AbortSignal | undefined): Promise<readonly PackageFile[]> => {
    const current = (listing ??= registry.files(
      operationAt(place, 'list', 'blobs', { direction: 'of' }),
      blobsVersion,
      signal,
    ));
    return current.catch((error: unknown) => {
      // Whoever comes next tries for himself, and so does whoever waited for a list that another gave up.
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

/** The file hashes to its name, as far as GitLab tells. */
function isSound({ name, sha256 }: PackageFile): boolean {
  const own = parseFileName(name);
  return own?.kind === 'blob' && (sha256 === undefined || own.digest === `sha256:${sha256}`);
}

/**
 * A blob counts as there for half of the time that it is kept: a pipeline that relies on it has at least the other half to use it, whoever
 * cleans up meanwhile.
 */
function isYoung({ createdAt }: PackageFile, keep: Place['keep'], now: number): boolean {
  return keep.kind === 'pipeline' || Number.isNaN(createdAt) || now - createdAt < keep.ms / 2;
}
