import { Readable } from 'node:stream';
import type { Descriptor, OpenOptions, Reference } from '@drayage/core';
import { IntegrityError, RegistryError, familiarName } from '@drayage/core';
import { BlobStream } from './blob-stream.ts';
import type { BlobBody } from './blob-stream.ts';
import { abandon, discard } from './connections.ts';
import type { Itinerary } from './itinerary.ts';
import type { Place } from './places.ts';
import type { FinalResponse } from './redirects.ts';
import type { PullOperation, RegistryClient } from './registry-client.ts';
import { pullOperation } from './registry-client.ts';

/**
 * A stream of a blob's bytes from `offset` on, not verified. A connection that is lost on the way is replaced by another that goes on
 * where it ended; a mirror that breaks off is not asked again for this blob. The reader reads to the end or destroys the stream.
 * @throws RegistryError; DrayError `ABORTED`; both also as the stream's error, there with TransferError for a blob that ends too early
 * @see distribution-spec v1.1.1, "Pulling blobs"
 */
export async function openBlob(
  client: RegistryClient,
  itinerary: Itinerary,
  reference: Reference,
  descriptor: Descriptor,
  { offset = 0, signal }: OpenOptions = {},
): Promise<Readable> {
  // There is no range of no bytes, so this cannot be asked for.
  if (offset > 0 && offset >= descriptor.size) return Readable.from([]);
  const title = `read blob ${descriptor.digest} of ${familiarName(reference)}`;
  const targetAt = (place: Place, pullSignal: AbortSignal | undefined): BlobTarget => {
    return { client, operation: pullOperation(title, place), descriptor, signal: pullSignal };
  };
  const lostMirrors = new Set<string>();
  const first = await itinerary.first(reference, (place) => {
    const target = targetAt(place, signal);
    return client.persist(target.operation, signal, () => openBody(target, offset));
  });
  return new BlobStream({
    descriptor,
    retry: client.retry,
    offset,
    first,
    signal,
    reopen: (from, reopenSignal) =>
      itinerary.first(reference, (place) => openBody(targetAt(place, reopenSignal), from), lostMirrors),
    onLost: ({ place }, error) => {
      if (!place.isMirror) return;
      lostMirrors.add(place.key);
      itinerary.report(reference, place, error);
    },
  });
}

interface BlobTarget {
  readonly client: RegistryClient;
  readonly operation: PullOperation;
  readonly descriptor: Descriptor;
  readonly signal: AbortSignal | undefined;
}

async function openBody(target: BlobTarget, offset: number): Promise<BlobBody> {
  const { operation } = target;
  const response = await request(target, offset);
  if (response.status === 206) {
    return { operation, body: response.body, skip: skipOf(target, response, offset) };
  }
  if (response.status === 200) return { operation, body: response.body, skip: offset };
  if (response.status === 416 && offset > 0) return openWithoutRange(target, response, offset);
  throw await target.client.failure(operation, response);
}

// A blob never changes under its digest, so there is nothing for If-Range to guard against.
function request(
  { client, operation, descriptor, signal }: BlobTarget,
  offset: number,
): Promise<FinalResponse> {
  const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${String(offset)}-` };
  return client.send(operation, { method: 'GET', path: `blobs/${descriptor.digest}`, headers, signal });
}

/** Bytes to drop at the start of a partial answer. Servers may send more than they were asked for, not less. */
function skipOf({ operation }: BlobTarget, response: FinalResponse, offset: number): number {
  const start = /^bytes (\d+)-/.exec(response.header('content-range') ?? '')?.[1];
  const skip = start === undefined ? Number.NaN : offset - Number(start);
  if (skip >= 0) return skip;
  abandon(response.body);
  const reason = `${response.url.host} sent another range than the one asked for`;
  throw new RegistryError('REGISTRY_PROTOCOL', `cannot ${operation.title}: ${reason}`, { status: 206 });
}

/** Either the blob is shorter there than its descriptor says, or the server has no ranges and says so in a strange way. */
async function openWithoutRange(
  target: BlobTarget,
  refusal: FinalResponse,
  offset: number,
): Promise<BlobBody> {
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
