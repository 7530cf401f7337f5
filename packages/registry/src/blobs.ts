import { Readable } from 'node:stream';
import {
  IntegrityError,
  RegistryError,
  familiarName,
  type Descriptor,
  type OpenOptions,
  type Reference,
} from '@drayage/core';
import {
  ResumingStream,
  abandon,
  decoded,
  discard,
  encodingOf,
  rangeFrom,
  surplusBytes,
  type FinalResponse,
  type PartialBody,
} from '@drayage/http';
import type { Endpoint } from './endpoints.ts';
import { unreachable } from './failures.ts';
import type { MirrorChain } from './mirror-chain.ts';
import { pullOperation, type PullOperation, type RegistryClient } from './registry-client.ts';

/**
 * Streams a blob's bytes from `offset` on, unverified. Replaces a lost connection by another that resumes
 * where it ended; does not ask a mirror again after it broke off this blob. The reader must read to the end
 * or destroy the stream.
 * @throws RegistryError; DrayError `ABORTED`. Both also as the stream's error, which can also be
 * TransferError for a blob that ends too early
 * @see distribution-spec v1.1.1, "Pulling blobs"
 */
export async function openBlob(
  client: RegistryClient,
  mirrorChain: MirrorChain,
  reference: Pick<Reference, 'registry' | 'repository'>,
  descriptor: Descriptor,
  { offset = 0, signal }: OpenOptions = {},
): Promise<Readable> {
  // HTTP has no empty range, so we cannot request it.
  if (offset > 0 && offset >= descriptor.size) return Readable.from([]);
  const { digest, size } = descriptor;
  const title = `read blob ${digest} of ${familiarName(reference)}`;
  const targetAt = (endpoint: Endpoint, pullSignal: AbortSignal | undefined): BlobTarget => {
    return { client, operation: pullOperation(title, endpoint), descriptor, signal: pullSignal };
  };
  const lostMirrors = new Set<string>();
  const first = await mirrorChain.first(reference, (endpoint) => {
    const target = targetAt(endpoint, signal);
    return client.persist(target.operation, signal, () => openBody(target, offset));
  });
  return new ResumingStream({
    sizeBytes: size,
    offset,
    first,
    reopen: (from, reopenSignal) =>
      mirrorChain.first(
        reference,
        (endpoint) => openBody(targetAt(endpoint, reopenSignal), from),
        lostMirrors,
      ),
    retry: client.retry,
    transfer: { operation: 'read blob', side: 'source', digest },
    toError: unreachable,
    onLost: ({ endpoint }, error) => {
      if (!endpoint.isMirror) return;
      lostMirrors.add(endpoint.key);
      mirrorChain.report(reference, endpoint, error);
    },
    signal,
  });
}

interface BlobTarget {
  readonly client: RegistryClient;
  readonly operation: PullOperation;
  readonly descriptor: Descriptor;
  readonly signal: AbortSignal | undefined;
}

async function openBody(target: BlobTarget, offset: number): Promise<PartialBody<PullOperation>> {
  const { operation } = target;
  const response = await request(target, offset);
  if (isEncoded(target, response)) return openEncoded(target, response, offset);
  if (response.status === 200 || response.status === 206) {
    return { operation, body: response.body, skip: skipOf(operation, response, offset) };
  }
  if (response.status === 416 && offset > 0) return openWithoutRange(target, response, offset);
  throw await target.client.failure(operation, response);
}

/** Some servers name the compression of the layer itself: then the bytes are the blob's. */
function isEncoded({ descriptor }: BlobTarget, response: FinalResponse): boolean {
  const isWhole = response.header('content-length') === String(descriptor.size);
  return [200, 206].includes(response.status) && encodingOf(response) !== undefined && !isWhole;
}

/** A proxy has encoded the blob unasked. Ranges count encoded bytes, so only the whole body is of use. */
async function openEncoded(
  target: BlobTarget,
  response: FinalResponse,
  offset: number,
): Promise<PartialBody<PullOperation>> {
  const { operation, client } = target;
  if (response.status === 200) return { operation, body: decoded(response), skip: offset };
  abandon(response.body);
  const whole = await request(target, 0);
  if (whole.status !== 200) throw await client.failure(operation, whole);
  return { operation, body: decoded(whole), skip: offset };
}

// A blob never changes under its digest, so If-Range is not needed.
function request(
  { client, operation, descriptor, signal }: BlobTarget,
  offset: number,
): Promise<FinalResponse> {
  const path = `blobs/${descriptor.digest}`;
  return client.send(operation, { method: 'GET', path, headers: rangeFrom(offset), signal });
}

function skipOf({ title }: PullOperation, response: FinalResponse, offset: number): number {
  const skip = surplusBytes(response, offset);
  if (skip !== undefined) return skip;
  abandon(response.body);
  const reason = `${response.url.host} returned a different range`;
  throw new RegistryError('REGISTRY_PROTOCOL', `cannot ${title}: ${reason}`, { status: 206 });
}

/** Either the blob is shorter than its descriptor says, or the server does not support ranges. */
async function openWithoutRange(
  target: BlobTarget,
  refusal: FinalResponse,
  offset: number,
): Promise<PartialBody<PullOperation>> {
  const { operation, descriptor, client } = target;
  const total = /^bytes \*\/(\d+)$/.exec(refusal.header('content-range') ?? '')?.[1];
  await discard(refusal);
  if (total !== undefined && Number(total) < descriptor.size) {
    const message = `cannot ${operation.title}: ${refusal.url.host} has only ${total} of ${String(descriptor.size)} bytes`;
    throw new IntegrityError('SIZE_MISMATCH', message);
  }
  const response = await request(target, 0);
  if (response.status !== 200) throw await client.failure(operation, response);
  return { operation, body: response.body, skip: offset };
}
