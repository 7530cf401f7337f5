import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { BlobStore } from '../blob-store.ts';
import { DrayError } from '../errors.ts';
import { bytesOf, rejectionCode, rejectionOf, sampleBlob } from '../testing/contracts/contract.ts';
import { createMemoryBlobStore } from '../testing/memory-transport.ts';
import { copyBlobs, type CopyProgress, type CopyRequest } from './copy.ts';
import { planCopy } from './plan.ts';
import { createPool } from './pool.ts';

const [a, b, c] = [sampleBlob(1000), sampleBlob(2000), sampleBlob(3000)];
const all = new Map([a, b, c].map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
const wanted = [a.descriptor, b.descriptor, a.descriptor, c.descriptor, b.descriptor];

describe('the plan of a copy', () => {
  test('lists each digest once, as missing or present', () => {
    expect(planCopy(wanted, new Set([b.descriptor.digest]))).toEqual({
      missing: [a.descriptor, c.descriptor],
      present: [b.descriptor],
      missingBytes: 4000,
      presentBytes: 2000,
    });
    expect(planCopy([], new Set([a.descriptor.digest]))).toEqual({
      missing: [],
      present: [],
      missingBytes: 0,
      presentBytes: 0,
    });
  });
});

describe('a copy', () => {
  test('moves each missing blob once', async () => {
    const opened: string[] = [];
    const source = createMemoryBlobStore(all);
    const from: BlobStore = {
      ...source,
      open: (descriptor, options) => {
        opened.push(descriptor.digest);
        return source.open(descriptor, options);
      },
    };
    const to = createMemoryBlobStore(new Map([[b.descriptor.digest, b.bytes]]));
    expect(await copyBlobs(request({ from, to }))).toMatchObject({ bytesCopied: 4000, bytesSkipped: 2000 });
    expect(opened.sort()).toEqual([a.descriptor.digest, c.descriptor.digest].sort());
    expect(await copyBlobs(request({ from, to }))).toEqual({
      blobsCopied: 0,
      bytesCopied: 0,
      bytesSkipped: 6000,
    });
    expect(opened).toHaveLength(2);
  });

  test('reports progress up to the total', async () => {
    const seen: CopyProgress[] = [];
    const to = createMemoryBlobStore(new Map([[b.descriptor.digest, b.bytes]]));
    await copyBlobs(request({ to, onProgress: (progress) => seen.push(progress) }));
    expect(seen.at(-1)).toMatchObject({ bytesCopied: 4000, bytesSkipped: 2000, bytesTotal: 6000 });
  });

  test('counts the bytes of an interrupted put as skipped', async () => {
    const store = createMemoryBlobStore();
    const to: BlobStore = {
      ...store,
      put: async (descriptor, open) => {
        await bytesOf(await open(descriptor.size - 100));
        return { bytesRead: 100 };
      },
    };
    expect(await copyBlobs(request({ to }))).toEqual({
      blobsCopied: 3,
      bytesCopied: 300,
      bytesSkipped: 5700,
    });
  });

  test('replaces a blob that was truncated', async () => {
    const to: BlobStore = { ...createMemoryBlobStore(), stat: async (digest) => ({ digest, size: 1 }) };
    expect(await copyBlobs(request({ to }))).toMatchObject({ bytesCopied: 6000, bytesSkipped: 0 });
  });

  test.each([
    ['a blob that the source lacks', { from: createMemoryBlobStore() }, 'BLOB_MISSING', 'source', 'open'],
    ['a source that breaks midway', { from: breaking() }, 'TRANSPORT_IO', 'source', 'read'],
    ['a source whose bytes are wrong', { from: lying() }, 'DIGEST_MISMATCH', 'source', 'put'],
    [
      'a destination that does not answer',
      { to: failing('stat') },
      'TRANSPORT_DENIED',
      'destination',
      'stat',
    ],
    ['a destination that refuses writes', { to: failing('put') }, 'TRANSPORT_DENIED', 'destination', 'put'],
  ])('fails for %s and names the side', async (_, stores, code, side, operation) => {
    const error = await rejectionOf(copyBlobs(request({ ...stores, descriptors: [a.descriptor] })));
    expect(error).toMatchObject({ code, side, operation, digest: a.descriptor.digest });
    expect(error).toMatchObject({
      message: expect.stringContaining(side === 'source' ? 'the-source' : 'the-destination'),
    });
  });

  test('blames the source even when the driver wraps its error', async () => {
    const to: BlobStore = {
      ...createMemoryBlobStore(),
      put: async (_, open) => {
        try {
          await bytesOf(await open(0));
        } catch (cause) {
          throw new Error('upload failed', { cause });
        }
        return { bytesRead: 0 };
      },
    };
    expect(await rejectionOf(copyBlobs(request({ from: breaking(), to })))).toMatchObject({ side: 'source' });
  });

  test('stops when aborted', async () => {
    const controller = new AbortController();
    const from: BlobStore = {
      ...createMemoryBlobStore(all),
      open: async () => {
        setImmediate(() => {
          controller.abort();
        });
        return new Readable({ read: () => undefined });
      },
    };
    expect(await rejectionCode(copyBlobs(request({ from, signal: controller.signal })))).toBe('ABORTED');
  });
});

function request(change: Partial<CopyRequest>): CopyRequest {
  return {
    from: createMemoryBlobStore(all),
    to: createMemoryBlobStore(),
    fromLocation: 'the-source',
    toLocation: 'the-destination',
    descriptors: wanted,
    pool: createPool(2),
    ...change,
  };
}

function breaking(): BlobStore {
  return {
    ...createMemoryBlobStore(all),
    open: async () =>
      Readable.from(
        (async function* () {
          yield Buffer.from('some');
          await Promise.resolve();
          throw new Error('connection reset');
        })(),
      ),
  };
}

function lying(): BlobStore {
  return { ...createMemoryBlobStore(all), open: async ({ size }) => Readable.from([Buffer.alloc(size)]) };
}

function failing(verb: 'stat' | 'put'): BlobStore {
  const fail = (): Promise<never> =>
    Promise.reject(new DrayError('TRANSPORT_DENIED', 'cannot reach it: 403'));
  return { ...createMemoryBlobStore(), [verb]: fail };
}
