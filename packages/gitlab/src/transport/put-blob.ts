import { IntegrityError, hexOf, type ByteStream, type Descriptor, type PutResult } from '@drayage/core';
import { operationAt, uploadSource, type Operation } from '@drayage/http';
import type { PackageFile } from '../api/package-registry.ts';
import type { BlobFiles } from './blob-files.ts';
import { blobFileName } from './file-names.ts';
import type { BundleLocation } from './bundle-location.ts';

export interface PutBlobRequest {
  readonly location: BundleLocation;
  readonly files: BlobFiles;
  readonly descriptor: Descriptor;
  readonly open: (offset: number) => Promise<ByteStream>;
  readonly signal: AbortSignal | undefined;
}

// A race for a name is rare; three in a row are a fault.
const maxNames = 3;

/**
 * Uploads one blob as `BlobStore.put` does. GitLab cannot resume uploads, so each attempt begins at the
 * start.
 */
export async function putBlob(request: PutBlobRequest): Promise<PutResult> {
  const { location, files, descriptor, signal } = request;
  const { digest } = descriptor;
  const operation = operationAt(location, 'write', `blob ${digest}`, { direction: 'to', digest });
  for (let names = 1; ; names += 1) {
    const found = await files.find(digest, signal);
    if (found?.sizeBytes === descriptor.size) return { bytesRead: names === 1 ? 0 : descriptor.size };
    const name = blobFileName(digest, await files.nextNumber(digest, signal));
    const file = await upload(request, operation, name);
    if (file !== undefined) {
      await checkReceived(request, operation, file);
      files.add({ ...file, createdAt: location.client.now() });
      return { bytesRead: descriptor.size };
    }
    // Another job uploaded it since the listing.
    files.forget();
    if (names >= maxNames) throw nameTaken(operation, name);
  }
}

async function upload(
  { location, descriptor, open, signal }: PutBlobRequest,
  operation: Operation,
  name: string,
): Promise<PackageFile | undefined> {
  const { client, registry, blobsVersion: version } = location;
  return client.persist(operation, signal, async () => {
    const source = uploadSource(await open(0), descriptor, { title: operation.title, signal });
    const body = { bytes: source.bytes, sizeBytes: descriptor.size };
    try {
      return await registry.upload(operation, { version, name }, body, signal);
    } catch (error) {
      throw source.failure() ?? error;
    }
  });
}

/** Requires that GitLab received what we sent, by its own hash; removes the file otherwise. */
async function checkReceived(
  { location, descriptor }: PutBlobRequest,
  operation: Operation,
  file: PackageFile,
): Promise<void> {
  const expected = hexOf(descriptor.digest);
  if (file.sha256 === undefined || (file.sha256 === expected && file.sizeBytes === descriptor.size)) return;
  await location.registry.removeFile(operation, file).catch(() => undefined);
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot ${operation.title}: GitLab received bytes with digest sha256:${file.sha256}`,
    { details: { expected: descriptor.digest, actual: `sha256:${file.sha256}` } },
  );
}

function nameTaken({ title }: Operation, name: string): IntegrityError {
  return new IntegrityError('DIGEST_MISMATCH', `cannot ${title}: ${name} exists with other bytes`, {
    hint: 'Delete the package in GitLab, or use another name: gitlab://packages/NAME.',
  });
}
