import { deepEqual, equal } from 'node:assert/strict';
import type { BlobStore } from '../../blob-store.ts';
import type { Digest } from '../../image/digest.ts';
import { bytesOf, contractCase, rejectionCode, rejectionOf, sampleBlob, streamOf } from './contract.ts';
import type { ContractCase, ContractSubject, SampleBlob } from './contract.ts';

export interface BlobStoreContractOptions {
  readonly create: () => Promise<ContractSubject<BlobStore>>;
  /** Count of blobs in the listing test (default 120): more than one page of the store. */
  readonly listedBlobs?: number | undefined;
}

/** The contract of `BlobStore`, independent of any test runner. */
export function blobStoreContract(options: BlobStoreContractOptions): readonly ContractCase[] {
  const verify = (name: string, behaviour: (store: BlobStore) => Promise<void>): ContractCase =>
    contractCase(name, options.create, behaviour);
  return [
    ...roundTrips(verify),
    ...refusals(verify),
    ...interruptions(verify),
    ...absences(verify),
    ...listings(verify, options.listedBlobs ?? 120),
  ];
}

type Verify = (name: string, behaviour: (store: BlobStore) => Promise<void>) => ContractCase;

const megabyte = 1024 * 1024;

function roundTrips(verify: Verify): readonly ContractCase[] {
  const sizes = [
    ['an empty blob', 0],
    ['a blob of one byte', 1],
    ['a blob of many parts', 20 * megabyte + 17],
  ] as const;
  return [
    ...sizes.map(([what, size]) =>
      verify(`returns ${what} unchanged`, async (store) => {
        const blob = sampleBlob(size);
        await putAll(store, blob);
        deepEqual(await store.stat(blob.descriptor.digest), { digest: blob.descriptor.digest, size });
        await equalBytes(store, blob, 0);
      }),
    ),
    verify('opens a blob at an offset', async (store) => {
      const blob = sampleBlob(3 * megabyte);
      await putAll(store, blob);
      for (const offset of [1, megabyte + 1, blob.bytes.byteLength - 1])
        await equalBytes(store, blob, offset);
    }),
    verify('does not read the source when the blob exists already', async (store) => {
      const blob = sampleBlob(1000);
      await putAll(store, blob);
      const result = await store.put(blob.descriptor, () =>
        Promise.reject(new Error('the source was opened')),
      );
      equal(result.bytesRead, 0);
    }),
    verify('reports how many bytes it read from the source', async (store) => {
      const blob = sampleBlob(200_000);
      const result = await store.put(blob.descriptor, (offset) => openAt(blob, offset));
      equal(result.bytesRead, 200_000);
    }),
    verify('lets concurrent puts of one blob succeed', async (store) => {
      const blob = sampleBlob(2 * megabyte);
      await Promise.all(Array.from({ length: 4 }, () => putAll(store, blob)));
      await equalBytes(store, blob, 0);
    }),
  ];
}

function refusals(verify: Verify): readonly ContractCase[] {
  const blob = sampleBlob(300_000);
  const cases = [
    ['wrong bytes of the right size', sampleBlob(300_000, 7).bytes, 'DIGEST_MISMATCH'],
    ['a stream that ends early', blob.bytes.subarray(0, 299_999), 'SIZE_MISMATCH'],
    ['a stream with one byte too many', Buffer.concat([blob.bytes, Buffer.from('x')]), 'SIZE_MISMATCH'],
    ['an empty stream for a blob that is not empty', new Uint8Array(), 'SIZE_MISMATCH'],
  ] as const;
  return cases.flatMap(([what, bytes, code]) => [
    verify(`refuses ${what}, and nothing becomes visible`, async (store) => {
      const put = store.put(blob.descriptor, (offset) => Promise.resolve(streamOf(bytes.subarray(offset))));
      equal(await rejectionCode(put), code);
      await equalNothing(store, blob);
    }),
    verify(`stores the blob after it has refused ${what}`, async (store) => {
      await store
        .put(blob.descriptor, (offset) => Promise.resolve(streamOf(bytes.subarray(offset))))
        .catch(() => undefined);
      await putAll(store, blob);
      await equalBytes(store, blob, 0);
    }),
  ]);
}

function interruptions(verify: Verify): readonly ContractCase[] {
  const blob = sampleBlob(4 * megabyte);
  return [
    verify(
      'shows nothing after a source that fails midway, and completes with the next put',
      async (store) => {
        await rejectionOf(store.put(blob.descriptor, () => Promise.resolve(failingStream(blob))));
        await equalNothing(store, blob);
        await putAll(store, blob);
        await equalBytes(store, blob, 0);
      },
    ),
    verify(
      'stops at once when aborted while the source is silent, and nothing becomes visible',
      async (store) => {
        const controller = new AbortController();
        const open = async (): Promise<AsyncIterable<Uint8Array>> =>
          silentStream(blob, () => controller.abort());
        const code = await rejectionCode(store.put(blob.descriptor, open, { signal: controller.signal }));
        equal(code, 'ABORTED');
        await equalNothing(store, blob);
        await putAll(store, blob);
        await equalBytes(store, blob, 0);
      },
    ),
    verify('does nothing when the signal is aborted already', async (store) => {
      const signal = AbortSignal.abort();
      const put = store.put(blob.descriptor, () => Promise.reject(new Error('the source was opened')), {
        signal,
      });
      equal(await rejectionCode(put), 'ABORTED');
      equal(await rejectionCode(store.stat(blob.descriptor.digest, signal)), 'ABORTED');
    }),
  ];
}

function absences(verify: Verify): readonly ContractCase[] {
  const blob = sampleBlob(100);
  return [
    verify('lacks a blob that was never put', async (store) => {
      await equalNothing(store, blob);
      equal(await rejectionCode(store.open(blob.descriptor)), 'BLOB_MISSING');
    }),
    verify('deletes a blob, and succeeds when it does not exist', async (store) => {
      await store.delete(blob.descriptor.digest);
      await putAll(store, blob);
      await store.delete(blob.descriptor.digest);
      await equalNothing(store, blob);
      equal(await rejectionCode(store.open(blob.descriptor)), 'BLOB_MISSING');
      await putAll(store, blob);
      await equalBytes(store, blob, 0);
    }),
  ];
}

function listings(verify: Verify, count: number): readonly ContractCase[] {
  return [
    verify('lists nothing in an empty store', async (store) => {
      deepEqual(await listDigests(store), []);
    }),
    verify('lists every blob once, ordered by digest', async (store) => {
      const blobs = Array.from({ length: count }, (_, position) =>
        sampleBlob(10 + (position % 7), position + 1),
      );
      for (let start = 0; start < count; start += 8) {
        await Promise.all(blobs.slice(start, start + 8).map((blob) => putAll(store, blob)));
      }
      const expected = blobs.map(({ descriptor }) => descriptor.digest).sort();
      deepEqual(await listDigests(store), expected);
    }),
  ];
}

async function putAll(store: BlobStore, blob: SampleBlob): Promise<void> {
  await store.put(blob.descriptor, (offset) => openAt(blob, offset));
}

async function openAt({ bytes }: SampleBlob, offset: number): Promise<AsyncIterable<Uint8Array>> {
  return streamOf(bytes.subarray(offset));
}

async function* failingStream({ bytes }: SampleBlob): AsyncGenerator<Uint8Array> {
  yield* streamOf(bytes.subarray(0, bytes.byteLength / 2));
  throw new Error('the source broke');
}

async function* silentStream({ bytes }: SampleBlob, onSilence: () => void): AsyncGenerator<Uint8Array> {
  yield* streamOf(bytes.subarray(0, bytes.byteLength / 2));
  setImmediate(onSilence);
  await new Promise(() => undefined);
}

async function equalBytes(
  store: BlobStore,
  { bytes, descriptor }: SampleBlob,
  offset: number,
): Promise<void> {
  const actual = await bytesOf(await store.open(descriptor, { offset }));
  equal(Buffer.compare(actual, bytes.subarray(offset)), 0, `bytes from ${String(offset)} on`);
}

async function equalNothing(store: BlobStore, { descriptor }: SampleBlob): Promise<void> {
  equal(await store.stat(descriptor.digest), undefined);
  deepEqual(await listDigests(store), []);
}

async function listDigests(store: BlobStore): Promise<readonly Digest[]> {
  const digests: Digest[] = [];
  for await (const { digest } of store.list()) digests.push(digest);
  return digests;
}
