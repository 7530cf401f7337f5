import type { Readable } from 'node:stream';
import type { Descriptor, DrayError } from '@drayage/core';
import { abandon } from './bodies.ts';
import type { HttpResponse } from './connections.ts';
import { operationError, type Operation } from './operation.ts';
import { surplusBytes } from './ranges.ts';
import { ResumingStream, type PartialBody } from './resuming-stream.ts';
import type { Retry } from './retry.ts';

export interface RangeReading {
  readonly operation: Operation;
  readonly descriptor: Descriptor;
  /** First byte to read. */
  readonly offset: number;
  /** Requests the blob once, from a byte on; the response may begin earlier. */
  readonly request: (start: number, signal: AbortSignal | undefined) => Promise<HttpResponse>;
  readonly client: {
    /** Repeats the first request after failures that pass. */
    persist<T>(operation: Operation, signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T>;
    readonly retry: Retry;
  };
  /** The error of a lost connection. */
  readonly toError: (error: unknown) => DrayError;
  readonly signal: AbortSignal | undefined;
}

/** The bytes of a blob at a handover location; goes on where a lost connection ended. */
export async function readByRanges(reading: RangeReading): Promise<Readable> {
  const { operation, descriptor, offset, request, client, toError, signal } = reading;
  const { digest, size } = descriptor;
  const reopen = async (start: number, stop: AbortSignal | undefined): Promise<PartialBody<Operation>> => {
    const response = await request(start, stop);
    return { operation, body: response.body, skip: skipOf(operation, response, start) };
  };
  const first = await client.persist(operation, signal, () => reopen(offset, signal));
  return new ResumingStream({
    ...{ sizeBytes: size, offset, first, reopen, retry: client.retry, signal },
    transfer: { operation: operation.name, side: operation.side, digest },
    toError: (_, error) => toError(error),
  });
}

/** A server may ignore a range, but must not return another one. */
function skipOf(operation: Operation, response: HttpResponse, start: number): number {
  const skip = surplusBytes(response, start);
  if (skip !== undefined) return skip;
  abandon(response.body);
  throw operationError(operation, 'TRANSPORT_IO', `${response.url.host} returned a different range`);
}
