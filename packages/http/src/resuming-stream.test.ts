import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { DrayError, reasonOf } from '@drayage/core';
import { bytesOf, rejectionOf } from '@drayage/core/testing';
import { ResumingStream, type PartialBody, type ResumingStreamOptions } from './resuming-stream.ts';
import { defaultRetryPolicy } from './retry.ts';
import { testClock } from './testing/clock.ts';

const operation = { title: 'read a test' };
type Body = PartialBody<typeof operation>;

const bodyOf = (body: Readable): Body => ({ operation, body, skip: 0 });
const content = Buffer.alloc(100, 'x');

/** A body that sends a few bytes at once and then one now and then. */
function drip(): Readable {
  let isFirst = true;
  return new Readable({
    read() {
      if (isFirst) this.push('xxx');
      else setTimeout(() => this.push('x'), 10);
      isFirst = false;
    },
  });
}

function streamOf(
  first: Readable,
  reopen: (offset: number) => Readable,
  options: Partial<ResumingStreamOptions<typeof operation>> = {},
): ResumingStream<typeof operation> {
  return new ResumingStream({
    sizeBytes: content.byteLength,
    offset: 0,
    first: bodyOf(first),
    reopen: async (offset) => bodyOf(reopen(offset)),
    retry: { policy: defaultRetryPolicy, clock: testClock() },
    transfer: { operation: 'read', side: 'source' },
    toError: (_, error) => new DrayError('REGISTRY_UNREACHABLE', reasonOf(error), { cause: error }),
    rateWindowMs: 60,
    signal: undefined,
    ...options,
  });
}

describe('a body that comes byte by byte', () => {
  test('is replaced by another, from the byte where it was', async () => {
    const offsets: number[] = [];
    const stream = streamOf(drip(), (offset) => {
      offsets.push(offset);
      return Readable.from([content.subarray(offset)]);
    });
    expect(Buffer.from(await bytesOf(stream)).equals(content)).toBe(true);
    expect(offsets).toHaveLength(1);
    expect(offsets[0]).toBeGreaterThan(0);
  });

  test('is given up when all others are as slow', async () => {
    const bodies: Readable[] = [];
    const stream = streamOf(
      drip(),
      () => {
        const body = drip();
        bodies.push(body);
        return body;
      },
      { sizeBytes: 1_000_000 },
    );
    expect(await rejectionOf(bytesOf(stream))).toMatchObject({
      name: 'TransferError',
      cause: { code: 'BODY_TOO_SLOW' },
    });
    expect(bodies).toHaveLength(defaultRetryPolicy.attempts - 1);
    expect(bodies.every(({ destroyed }) => destroyed)).toBe(true);
  });
});

test('a reader that takes its time is not a slow body', async () => {
  const source = new PassThrough();
  const large = Buffer.alloc(1024 * 1024, 'y');
  source.end(large);
  const unexpected = (): never => {
    throw new Error('it was not lost');
  };
  const stream = streamOf(source, unexpected, { sizeBytes: large.byteLength, rateWindowMs: 10 });
  await once(stream, 'readable');
  await sleep(100);
  expect((await bytesOf(stream)).byteLength).toBe(large.byteLength);
});
