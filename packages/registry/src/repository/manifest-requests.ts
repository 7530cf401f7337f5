import { DrayError, isDigest, type Digest } from '@drayage/core';
import { maxManifestBytes, mediaTypes } from '@drayage/core/image';
import { discard, readDecoded, type FinalResponse } from '@drayage/http';
import type { RegistryClient, RepositoryOperation } from '../registry-client.ts';

/** A manifest as the registry serves it; not verified if it was named by a tag. */
export interface ManifestAnswer {
  readonly bytes: Uint8Array;
  /** As the registry says; undefined: it does not. */
  readonly digest: Digest | undefined;
}

export type ManifestRemoval = 'deleted' | 'absent' | 'unsupported';

const accept = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
].join(', ');

/** One try each. @see distribution-spec v1.1.1, "Pulling manifests" */
export async function headManifest(
  client: RegistryClient,
  operation: RepositoryOperation,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Digest | 'unknown' | undefined> {
  const answer = await request(client, operation, { method: 'HEAD', name, signal });
  if (answer.status === 200 || answer.status === 404) {
    await discard(answer);
    return answer.status === 404 ? undefined : (digestIn(answer) ?? 'unknown');
  }
  throw await client.failure(operation, answer);
}

/** Undefined when the repository has no such manifest. */
export async function readManifest(
  client: RegistryClient,
  operation: RepositoryOperation,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ManifestAnswer | undefined> {
  const answer = await request(client, operation, { method: 'GET', name, signal });
  if (answer.status === 404) {
    await discard(answer);
    return undefined;
  }
  if (answer.status !== 200) throw await client.failure(operation, answer);
  const { bytes, isWhole } = await readDecoded(answer, maxManifestBytes);
  if (isWhole) return { bytes, digest: digestIn(answer) };
  throw new DrayError('MANIFEST_TOO_LARGE', `cannot ${operation.title}: it is over the limit of 4 MiB`);
}

export interface PutManifestRequest {
  readonly tag: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

/** Replaces what the tag named, whole. @see distribution-spec v1.1.1, "Pushing Manifests" */
export async function putManifest(
  client: RegistryClient,
  operation: RepositoryOperation,
  { tag, mediaType, bytes, signal }: PutManifestRequest,
): Promise<void> {
  const text = Buffer.from(bytes).toString('utf8');
  const answer = await client.send(operation, {
    method: 'PUT',
    path: `manifests/${tag}`,
    headers: { 'content-type': mediaType },
    body: () => text,
    signal,
  });
  if (answer.status !== 201) throw await client.failure(operation, answer);
  await discard(answer);
}

// 405: deleting is off. 401, 403: not for this credential. Others do not know the request.
const refusals = new Set([400, 401, 403, 405, 415, 501]);

/** @see distribution-spec v1.1.1, "Deleting Manifests" */
export async function deleteManifest(
  client: RegistryClient,
  operation: RepositoryOperation,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<ManifestRemoval> {
  const answer = await request(client, operation, { method: 'DELETE', name: digest, signal });
  const removal =
    answer.status === 202 || answer.status === 200 || answer.status === 204
      ? 'deleted'
      : answer.status === 404
        ? 'absent'
        : refusals.has(answer.status)
          ? 'unsupported'
          : undefined;
  if (removal === undefined) throw await client.failure(operation, answer);
  await discard(answer);
  return removal;
}

function request(
  client: RegistryClient,
  operation: RepositoryOperation,
  {
    method,
    name,
    signal,
  }: {
    readonly method: 'GET' | 'HEAD' | 'DELETE';
    readonly name: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<FinalResponse> {
  return client.send(operation, { method, path: `manifests/${name}`, headers: { accept }, signal });
}

function digestIn(answer: FinalResponse): Digest | undefined {
  const digest = answer.header('docker-content-digest') ?? '';
  return isDigest(digest) ? digest : undefined;
}
