import { Readable } from 'node:stream';
import type { BlobStore } from '../blob-store.ts';
import { DrayError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import { abortable, throwIfAborted } from '../store/abort.ts';
import { verifying } from '../store/verifying.ts';
import type { DocumentName, Transport } from '../transport.ts';

/** A {@link Transport} in memory that fulfils the contract. `blobs` is its initial content. */
export function createMemoryTransport(blobs: ReadonlyMap<Digest, Uint8Array> = new Map()): Transport {
  const documents = new Map<DocumentName, Uint8Array>();
  return {
    location: 'memory',
    blobs: createMemoryBlobStore(blobs),
    documents: {
      async read(name, signal) {
        throwIfAborted(signal, `read ${name}`);
        return documents.get(name)?.slice();
      },
      async write(name, bytes, signal) {
        throwIfAborted(signal, `write ${name}`);
        documents.set(name, bytes.slice());
      },
      async delete(name, signal) {
        throwIfAborted(signal, `delete ${name}`);
        documents.delete(name);
      },
    },
    close: () => Promise.resolve(),
  };
}

/** A {@link BlobStore} in memory. `blobs` is its initial content. */
export function createMemoryBlobStore(blobs: ReadonlyMap<Digest, Uint8Array> = new Map()): BlobStore {
  const stored = new Map(blobs);
  return {
    async stat(digest, signal) {
      throwIfAborted(signal, `look up blob ${digest}`);
      const bytes = stored.get(digest);
      return bytes === undefined ? undefined : { digest, size: bytes.byteLength };
    },
    async open({ digest }, { offset = 0, signal } = {}) {
      throwIfAborted(signal, `open blob ${digest}`);
      const bytes = stored.get(digest);
      if (bytes === undefined) {
        throw new DrayError('BLOB_MISSING', `cannot read blob ${digest} from memory: not found`);
      }
      return Readable.from([bytes.subarray(offset)]);
    },
    async put(descriptor, open, { signal } = {}) {
      throwIfAborted(signal, `write blob ${descriptor.digest}`);
      if (stored.has(descriptor.digest)) return { bytesRead: 0 };
      const source = abortable(await open(0), signal, `write blob ${descriptor.digest}`);
      const chunks: Uint8Array[] = [];
      for await (const chunk of verifying(source, descriptor, 'its source')) chunks.push(chunk);
      stored.set(descriptor.digest, Buffer.concat(chunks));
      return { bytesRead: descriptor.size };
    },
    async *list(signal) {
      for (const [digest, bytes] of [...stored].sort(([a], [b]) => (a < b ? -1 : 1))) {
        throwIfAborted(signal, 'list blobs');
        yield { digest, size: bytes.byteLength };
      }
    },
    async delete(digest, signal) {
      throwIfAborted(signal, `delete blob ${digest}`);
      stored.delete(digest);
    },
  };
}
