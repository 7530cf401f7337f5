import {
  RegistryError,
  TransferError,
  throwIfAborted,
  type ByteStream,
  type Descriptor,
} from '@drayage/core';
import { discard, uploadSource, type FinalResponse, type HttpBody, type UploadSource } from '@drayage/http';
import type { RegistryClient, RepositoryOperation } from '../registry-client.ts';

/**
 * What GitHub and others accept at most, in one blob. A place that takes more today may be copied to one that
 * does not.
 */
const maxBlobBytes = 10_000_000_000;

export interface UploadRequest {
  readonly descriptor: Descriptor;
  /** Called for each try. */
  readonly open: () => Promise<ByteStream>;
  /** A repository of the same registry that may have the blob. */
  readonly from?: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The state that the uploads to one registry share. */
export interface Uploads {
  readonly client: RegistryClient;
  /** The size of the largest blob that the registry has accepted so far (bytes). */
  largestBytes: number;
}

/**
 * Uploads one blob by a POST and one PUT of its full length, which every registry supports; mounts it instead
 * from another repository, if that has it. A failed try begins anew: few registries can resume an upload.
 * Resolves with the count of bytes sent.
 * @throws RegistryError; TransferError `TRANSPORT_IO` for a blob over 10 GB; what the source throws
 * @see distribution-spec v1.1.1, "POST then PUT", "Mounting a blob from another repository"
 */
export async function uploadBlob(
  uploads: Uploads,
  operation: RepositoryOperation,
  request: UploadRequest,
): Promise<number> {
  const { descriptor, signal } = request;
  throwIfAborted(signal, operation.title);
  if (descriptor.size > maxBlobBytes) throw tooLarge(operation, descriptor);
  return uploads.client.persist(operation, signal, async () => {
    const session = await beginUpload(uploads, operation, request);
    if (session === 'mounted') return 0;
    await sendBlob(uploads, operation, request, session);
    return descriptor.size;
  });
}

/** The URL of an upload session, or `mounted`. */
async function beginUpload(
  { client }: Uploads,
  operation: RepositoryOperation,
  { descriptor, from, signal }: UploadRequest,
): Promise<URL | 'mounted'> {
  if (from !== undefined) {
    const { repository } = operation.endpoint;
    const mounting = { ...operation, access: { repository, right: 'push', from } } as const;
    const query = new URLSearchParams({ mount: descriptor.digest, from }).toString();
    const answer = await post(client, mounting, `blobs/uploads/?${query}`, signal);
    if (answer.status === 201) {
      await discard(answer);
      return 'mounted';
    }
    if (answer.status === 202) return sessionOf(operation, answer);
    // No right to pull there, or no such repository: an ordinary upload still works.
    await discard(answer);
  }
  const answer = await post(client, operation, 'blobs/uploads/', signal);
  if (answer.status !== 202) throw await client.failure(operation, answer);
  return sessionOf(operation, answer);
}

function post(
  client: RegistryClient,
  operation: RepositoryOperation,
  path: string,
  signal: AbortSignal | undefined,
): Promise<FinalResponse> {
  return client.send(operation, { method: 'POST', path, headers: {}, body: () => '', signal });
}

async function sessionOf({ title, registry }: RepositoryOperation, answer: FinalResponse): Promise<URL> {
  await discard(answer);
  const location = answer.header('location') ?? '';
  if (location !== '' && URL.canParse(location, answer.url.href)) return new URL(location, answer.url);
  throw new RegistryError('REGISTRY_PROTOCOL', `cannot ${title}: ${registry} named no place for the upload`);
}

async function sendBlob(
  uploads: Uploads,
  operation: RepositoryOperation,
  { descriptor, open, signal }: UploadRequest,
  session: URL,
): Promise<void> {
  const { client } = uploads;
  const { digest, size } = descriptor;
  const url = new URL(session);
  // Appended: the query of the session may be signed, and is opaque.
  url.search = `${url.search === '' ? '' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  let source: UploadSource | undefined;
  const body = async (): Promise<HttpBody> => {
    source = uploadSource(await open(), descriptor, { title: operation.title, signal });
    return { bytes: source.bytes, sizeBytes: size, isExpected: size <= uploads.largestBytes };
  };
  const headers = { 'content-type': 'application/octet-stream' };
  try {
    const answer = await client.send(operation, { method: 'PUT', path: url, headers, body, signal });
    if (answer.status !== 201) throw await client.failure(operation, answer);
    await discard(answer);
    uploads.largestBytes = Math.max(uploads.largestBytes, size);
  } catch (error) {
    throw source?.failure() ?? error;
  }
}

function tooLarge({ title }: RepositoryOperation, { digest, size }: Descriptor): TransferError {
  const gigabytes = (size / 1_000_000_000).toFixed(1);
  return new TransferError(
    'TRANSPORT_IO',
    `cannot ${title}: it has ${gigabytes} GB, and registries accept blobs of at most 10 GB`,
    {
      operation: 'upload',
      side: 'destination',
      digest,
      hint: 'Make several smaller packs, or hand over through another location.',
    },
  );
}
