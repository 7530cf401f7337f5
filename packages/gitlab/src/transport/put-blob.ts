import { IntegrityError, abortable, hexOf, verifying } from '@drayage/core';
import type { ByteStream, Descriptor, PutResult } from '@drayage/core';
import type { Operation } from '../api/operation.ts';
import type { PackageFile } from '../api/package-registry.ts';
import type { BlobFiles } from './blob-files.ts';
import { blobFileName } from './file-names.ts';
import { operationAt } from './place.ts';
import type { Place } from './place.ts';

export interface PutBlobRequest {
  readonly place: Place;
  readonly files: BlobFiles;
  readonly descriptor: Descriptor;
  readonly open: (offset: number) => Promise<ByteStream>;
  readonly signal: AbortSignal | undefined;
}

// A name that is taken meanwhile is rare; three times in a row it is a fault.
const maxNames = 3;

/** Uploads one blob; the contract is that of `BlobStore.put`. GitLab can continue no upload, so each try begins at the start. */
export async function putBlob(request: PutBlobRequest): Promise<PutResult> {
  const { place, files, descriptor, signal } = request;
  const { digest } = descriptor;
  const operation = operationAt(place, 'write', `blob ${digest}`, { direction: 'to', digest });
  for (let names = 1; ; names += 1) {
    const found = await files.find(digest, signal);
    if (found?.sizeBytes === descriptor.size) return { bytesRead: names === 1 ? 0 : descriptor.size };
    const name = blobFileName(digest, await files.nextNumber(digest, signal));
    const file = await upload(request, operation, name);
    if (file !== undefined) {
      await checkReceived(request, operation, file);
      files.add({ ...file, createdAt: place.client.now() });
      return { bytesRead: descriptor.size };
    }
    // Somebody else put it there since we looked.
    files.forget();
    if (names >= maxNames) throw nameTaken(operation, name);
  }
}

async function upload(
  { place, descriptor, open, signal }: PutBlobRequest,
  operation: Operation,
  name: string,
): Promise<PackageFile | undefined> {
  const { client, registry, blobsVersion: version } = place;
  return client.retrying(operation, signal, async () => {
    const source = createSource(await open(0), descriptor, { operation, signal });
    const body = { bytes: source.bytes, sizeBytes: descriptor.size };
    try {
      return await registry.upload(operation, { version, name }, body, signal);
    } catch (error) {
      throw source.failure() ?? error;
    }
  });
}

interface Source {
  readonly bytes: ByteStream;
  /** What the source itself threw. */
  readonly failure: () => unknown;
}

function createSource(
  bytes: ByteStream,
  descriptor: Descriptor,
  { operation, signal }: { operation: Operation; signal: AbortSignal | undefined },
): Source {
  let failure: unknown;
  const stoppable = abortable(bytes, signal, operation.title);
  const watched = async function* (): ByteStream {
    try {
      yield* holdingBackTheLast(verifying(stoppable, descriptor, 'its source'));
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  return { bytes: watched(), failure: () => failure };
}

/** Gives the last chunk only once the source has ended well: a body that lacks it is no file for GitLab. */
async function* holdingBackTheLast(bytes: ByteStream): ByteStream {
  let held: Uint8Array | undefined;
  for await (const chunk of bytes) {
    if (chunk.byteLength === 0) continue;
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held;
}

/** Requires that GitLab has hashed what it got to what we sent; a file that is something else is removed. */
async function checkReceived(
  { place, descriptor }: PutBlobRequest,
  operation: Operation,
  file: PackageFile,
): Promise<void> {
  const expected = hexOf(descriptor.digest);
  if (file.sha256 === undefined || (file.sha256 === expected && file.sizeBytes === descriptor.size)) return;
  await place.registry.removeFile(operation, file).catch(() => undefined);
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot ${operation.title}: what arrived hashes to sha256:${file.sha256}`,
    { details: { expected: descriptor.digest, actual: `sha256:${file.sha256}` } },
  );
}

function nameTaken({ title }: Operation, name: string): IntegrityError {
  return new IntegrityError('DIGEST_MISMATCH', `cannot ${title}: other bytes are there as ${name}`, {
    hint: 'Delete the package in GitLab, or use another name: gitlab://packages/NAME.',
  });
}
