import { TransferError } from '@drayage/core';
import { operationAt, type Operation } from '@drayage/http';
import type { PackageFile, PackageVersion } from '../api/package-registry.ts';
import type { BlobFiles } from './blob-files.ts';
import { parseFileName } from './file-names.ts';
import { defaultKeepMs } from './location.ts';
import { sharedVersion, type BundleLocation } from './bundle-location.ts';
import { isRefusal } from './prune.ts';

/** The result of a clean-up. */
export interface ExpiryReport {
  readonly deletedFiles: number;
  readonly deletedBytes: number;
  /** Why files remain; undefined: nothing is left to delete. */
  readonly refusal?: string | undefined;
}

interface Tally {
  deletedFiles: number;
  deletedBytes: number;
}

/**
 * Deletes expired files: blobs that pipelines share, and the versions of past pipelines. A token that cannot
 * delete is not an error. Keeps package versions with foreign files.
 * @throws TransferError `TRANSPORT_UNREACHABLE`, `TRANSPORT_IO`; DrayError `ABORTED`
 */
export async function expire(
  location: BundleLocation,
  files: BlobFiles,
  signal: AbortSignal | undefined,
): Promise<ExpiryReport> {
  const keepMs = location.keep.kind === 'age' ? location.keep.ms : defaultKeepMs;
  const operation = operationAt(location, 'delete', 'expired files', { direction: 'of' });
  return counting(async (tally) => {
    // Called after the first response: age is measured by the server's clock.
    const bornBefore = (): number => location.client.now() - keepMs;
    if (location.blobsVersion === sharedVersion) {
      const old = (await files.all(signal)).filter((file) => file.createdAt < bornBefore());
      const own = old.filter(({ name }) => parseFileName(name)?.kind === 'blob');
      for (const file of own) await removeFile(location, tally, { operation, file, signal });
      if (own.length > 0) files.forget();
    }
    const versions = await location.registry.oldestVersions(operation, signal);
    for (const version of versions) {
      const isPast = version.version !== sharedVersion && version.version !== location.documentsVersion;
      if (isPast && version.createdAt < bornBefore())
        await removeVersion(location, tally, { operation, version, signal });
    }
  });
}

/**
 * Deletes only the files of this pipeline: its documents, and its blobs unless pipelines share them. For the
 * last job of a pipeline: later jobs find no pre-pull.
 * @throws as {@link expire}
 */
export async function forgetPipeline(
  location: BundleLocation,
  files: BlobFiles,
  signal: AbortSignal | undefined,
): Promise<ExpiryReport> {
  const operation = operationAt(location, 'delete', 'the files of this pipeline', { direction: 'of' });
  const report = await counting(async (tally) => {
    for (const file of await location.registry.files(operation, location.documentsVersion, signal)) {
      if (parseFileName(file.name) !== undefined)
        await removeFile(location, tally, { operation, file, signal });
    }
  });
  files.forget();
  return report;
}

async function counting(run: (tally: Tally) => Promise<void>): Promise<ExpiryReport> {
  const tally: Tally = { deletedFiles: 0, deletedBytes: 0 };
  try {
    await run(tally);
    return tally;
  } catch (error) {
    if (!(error instanceof TransferError) || !isRefusal(error)) throw error;
    return { ...tally, refusal: error.message };
  }
}

interface Removal {
  readonly operation: Operation;
  readonly signal: AbortSignal | undefined;
}

async function removeFile(
  { registry }: BundleLocation,
  tally: Tally,
  { operation, file, signal }: Removal & { readonly file: PackageFile },
): Promise<void> {
  await registry.removeFile(operation, file, signal);
  tally.deletedFiles += 1;
  tally.deletedBytes += file.sizeBytes;
}

async function removeVersion(
  { registry }: BundleLocation,
  tally: Tally,
  { operation, version, signal }: Removal & { readonly version: PackageVersion },
): Promise<void> {
  const files = await registry.files(operation, version.version, signal);
  if (files.some(({ name }) => parseFileName(name) === undefined)) return;
  await registry.removeVersion(operation, version.id, signal);
  tally.deletedFiles += files.length;
  tally.deletedBytes += files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
