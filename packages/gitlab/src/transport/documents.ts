import { throwIfAborted, type DocumentName, type DocumentStore } from '@drayage/core';
import { operationAt, operationError, readDecoded } from '@drayage/http';
import { documentFileName, filesOfDocument, lastNumber, type NumberedFile } from './file-names.ts';
import type { BundleLocation } from './bundle-location.ts';
import type { Pruner } from './prune.ts';

/** More than the port allows. */
const maxDocumentBytes = 8 * 1024 * 1024;

// A race for a number is rare: one process writes a document at a time.
const maxNames = 5;

/**
 * How the group stores a rewritten document. `single`: under the same name; GitLab serves the
 * newest file.
 * `numbered`: duplicates are forbidden, so each write has its own name.
 */
type Naming = 'unknown' | 'single' | 'numbered';

interface NamingMemory {
  current: Naming;
}

/** The documents of a bundle as files of a generic package, in the version of their pipeline. */
export function createDocuments(location: BundleLocation, prune: Pruner): DocumentStore {
  const naming: NamingMemory = { current: 'unknown' };
  const readers = new Map<DocumentName, Uint8Array>();
  const written = new Map<DocumentName, number>();
  return {
    async read(name, signal) {
      const bytes = await readNewest(location, naming, { name, before: readers.get(name), signal });
      if (bytes !== undefined) readers.set(name, bytes);
      return bytes;
    },
    async write(name, bytes, signal) {
      const file = await writeNext(location, naming, { name, bytes, last: written.get(name), signal });
      written.set(name, file.number);
      prune.replace(name, file);
    },
    async delete(name, signal) {
      const operation = operationAt(location, 'delete', name, { direction: 'of' });
      for (const { file } of await listDocument(location, name, signal)) {
        await location.registry.removeFile(operation, file, signal);
      }
      readers.delete(name);
      written.delete(name);
    },
  };
}

interface ReadRequest {
  readonly name: DocumentName;
  /** The result of the last read. */
  readonly before: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * The plain name gives the newest version, unless the group forbids duplicates. Only a listing shows that, so
 * reads list the files until they know: by two files of one name, a document that changed under its plain
 * name, or a numbered one.
 */
async function readNewest(
  location: BundleLocation,
  naming: NamingMemory,
  request: ReadRequest,
): Promise<Uint8Array | undefined> {
  const { name, before, signal } = request;
  if (naming.current === 'numbered') return readNumbered(location, name, signal);
  const plain = await readFile(location, name, documentFileName(name, 0), signal);
  if (plain === undefined || naming.current === 'single') return plain;
  if (before !== undefined && Buffer.compare(before, plain) !== 0) {
    naming.current = 'single';
    return plain;
  }
  const files = await listDocument(location, name, signal);
  if (lastNumber(files) > 0) {
    naming.current = 'numbered';
    return readNumbered(location, name, signal);
  }
  if (files.length > 1) naming.current = 'single';
  return plain;
}

async function readNumbered(
  location: BundleLocation,
  name: DocumentName,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const number = lastNumber(await listDocument(location, name, signal));
  return number < 0 ? undefined : readFile(location, name, documentFileName(name, number), signal);
}

async function readFile(
  location: BundleLocation,
  name: DocumentName,
  fileName: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const operation = operationAt(location, 'read', name, { direction: 'from' });
  const { client, registry, documentsVersion: version } = location;
  return client.persist(operation, signal, async () => {
    const response = await registry.download(operation, { version, name: fileName }, 0, signal);
    if (response === undefined) return undefined;
    const announced = response.header('content-length');
    const { bytes, isWhole } = await readDecoded(response, maxDocumentBytes);
    if (isWhole && (announced === undefined || Number(announced) === bytes.byteLength)) return bytes;
    throw operationError(operation, 'TRANSPORT_IO', 'the response is incomplete');
  });
}

interface WriteRequest {
  readonly name: DocumentName;
  readonly bytes: Uint8Array;
  /** The number of our last write. */
  readonly last: number | undefined;
  readonly signal: AbortSignal | undefined;
}

async function writeNext(
  location: BundleLocation,
  naming: NamingMemory,
  request: WriteRequest,
): Promise<NumberedFile> {
  const { name, bytes, last, signal } = request;
  const operation = operationAt(location, 'write', name, { direction: 'to' });
  const { client, registry, documentsVersion: version } = location;
  // The plain name comes first in both cases: readers begin there.
  let number = naming.current === 'numbered' && last !== undefined ? last + 1 : 0;
  for (let names = 1; names <= maxNames; names += 1) {
    const file = await client.persist(operation, signal, () => {
      throwIfAborted(signal, operation.title);
      const target = { version, name: documentFileName(name, number) };
      return registry.upload(operation, target, { bytes: once(bytes), sizeBytes: bytes.byteLength }, signal);
    });
    if (file !== undefined) return { file, number };
    naming.current = 'numbered';
    number = lastNumber(await listDocument(location, name, signal)) + 1;
  }
  throw operationError(operation, 'TRANSPORT_IO', 'all names for it are taken', {
    hint: 'Allow duplicates of generic packages in the settings of the group, or give each pre-pull job its own name: gitlab://packages/NAME.',
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function listDocument(
  location: BundleLocation,
  name: DocumentName,
  signal: AbortSignal | undefined,
): Promise<readonly NumberedFile[]> {
  const operation = operationAt(location, 'list', `the files of ${name}`, { direction: 'from' });
  const { registry, documentsVersion } = location;
  return filesOfDocument(await registry.files(operation, documentsVersion, signal), name);
}
