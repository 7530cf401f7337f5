import { equal, ok } from 'node:assert/strict';
import { inspect } from 'node:util';
import type { Transport } from '../../transport.ts';
import { createRandom } from '../random.ts';
import { blobStoreContract } from './blob-store.ts';
import { contractCase, rejectionOf, sampleBlob, streamOf } from './contract.ts';
import type { ContractCase, ContractSubject } from './contract.ts';

/** Optional abilities of a location. */
export interface TransportCapabilities {
  /** Count of blobs in the listing test (default 120): more than one page of the location. */
  readonly listedBlobs?: number | undefined;
}

export interface TransportContractOptions {
  /** Makes a transport to a new, empty location. */
  readonly create: () => Promise<ContractSubject<Transport>>;
  /** Makes another transport to the same location; without it, tests of two transports share one. */
  readonly reopen?: ((transport: Transport) => Promise<Transport>) | undefined;
  readonly capabilities?: TransportCapabilities | undefined;
  /** The credential that `create` gave to the driver: must not occur in errors and locations. */
  readonly secret?: string | undefined;
  /** Makes a transport with the same secret whose operations all fail. */
  readonly createBroken?: (() => Promise<ContractSubject<Transport>>) | undefined;
}

/** The contract of `Transport`, independent of any test runner. */
export function transportContract(options: TransportContractOptions): readonly ContractCase[] {
  const blobCases = blobStoreContract({
    create: async () => {
      const { subject, dispose } = await options.create();
      return { subject: subject.blobs, dispose: () => subject.close().finally(dispose) };
    },
    ...options.capabilities,
  });
  const verify: Verify = (name, behaviour) =>
    contractCase(name, options.create, (transport) => behaviour(transport).finally(() => transport.close()));
  return [
    ...blobCases,
    ...documentCases(verify),
    ...reopenCases(verify, options.reopen),
    verify('can be closed twice', async (transport) => {
      await transport.close();
      await transport.close();
    }),
    ...secretCases(options),
  ];
}

type Verify = (name: string, behaviour: (transport: Transport) => Promise<void>) => ContractCase;

function documentCases(verify: Verify): readonly ContractCase[] {
  const first = new TextEncoder().encode('{"first":true}\n');
  const second = new TextEncoder().encode('{"second":"shorter"}');
  return [
    verify('returns undefined for a document that was never written', async ({ documents }) => {
      equal(await documents.read('index.json'), undefined);
      equal(await documents.read('dray-status.json'), undefined);
      equal(await documents.read('dray-signature.json'), undefined);
    }),
    verify('returns a document unchanged', async ({ documents }) => {
      await documents.write('index.json', first);
      equalBytes(await documents.read('index.json'), first);
      equal(await documents.read('dray-status.json'), undefined);
    }),
    verify('replaces a document', async ({ documents }) => {
      for (const bytes of [first, second, first]) {
        await documents.write('dray-status.json', bytes);
        equalBytes(await documents.read('dray-status.json'), bytes);
      }
    }),
    verify('keeps a large document', async ({ documents }) => {
      const large = createRandom(3).bytes(3 * 1024 * 1024 + 5);
      await documents.write('index.json', large);
      equalBytes(await documents.read('index.json'), large);
    }),
    verify('never shows a half-written document', async ({ documents }) => {
      const versions = [1, 2].map((fill) => new Uint8Array(fill * 100_000).fill(fill));
      await documents.write('dray-status.json', versions[0] ?? first);
      const writing = (async () => {
        for (let turn = 0; turn < 20; turn += 1) {
          await documents.write('dray-status.json', versions[turn % 2] ?? first);
        }
      })();
      for (let turn = 0; turn < 20; turn += 1) {
        const bytes = await documents.read('dray-status.json');
        ok(
          versions.some((version) => Buffer.compare(version, bytes ?? first) === 0),
          'a whole version',
        );
      }
      await writing;
    }),
    verify('deletes a document, and succeeds when it does not exist', async ({ documents }) => {
      await documents.delete('index.json');
      await documents.write('index.json', first);
      await documents.delete('index.json');
      equal(await documents.read('index.json'), undefined);
    }),
    verify('does not list documents among the blobs', async ({ documents, blobs }) => {
      await documents.write('index.json', first);
      await documents.write('dray-status.json', second);
      await documents.write('dray-signature.json', first);
      equalBytes(await documents.read('dray-signature.json'), first);
      for await (const { digest } of blobs.list()) ok(false, `${digest} is listed`);
    }),
  ];
}

function reopenCases(verify: Verify, reopen: TransportContractOptions['reopen']): readonly ContractCase[] {
  return [
    verify('shows the written data to another transport to the same location', async (transport) => {
      const blob = sampleBlob(70_000);
      await transport.blobs.put(blob.descriptor, async (offset) => streamOf(blob.bytes.subarray(offset)));
      await transport.documents.write('index.json', blob.bytes);
      const other = (await reopen?.(transport)) ?? transport;
      equal((await other.blobs.stat(blob.descriptor.digest))?.size, 70_000);
      equalBytes(await other.documents.read('index.json'), blob.bytes);
      await other.close();
    }),
  ];
}

function secretCases({ create, createBroken, secret }: TransportContractOptions): readonly ContractCase[] {
  if (secret === undefined) return [];
  const makers = createBroken === undefined ? [create] : [create, createBroken];
  return makers.map((make, position) =>
    contractCase(
      `keeps its secret out of errors${position === 0 ? '' : ' when everything fails'}`,
      make,
      async (transport) => {
        const blob = sampleBlob(100);
        const wrong = async (): Promise<AsyncIterable<Uint8Array>> => streamOf(new Uint8Array(100));
        const errors = [
          await rejectionOf(transport.blobs.open(blob.descriptor)),
          await rejectionOf(transport.blobs.put(blob.descriptor, wrong)),
          ...(position === 0 ? [] : [await rejectionOf(transport.documents.read('index.json'))]),
        ];
        for (const error of errors) {
          ok(!inspect(error, { depth: 20, showHidden: true }).includes(secret), 'the secret is in an error');
        }
        ok(!transport.location.includes(secret), 'the secret is in the location');
        await transport.close();
      },
    ),
  );
}

function equalBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  ok(actual !== undefined, 'the document is there');
  equal(Buffer.compare(actual, expected), 0, 'the document has the same bytes');
}
