import { TransferError, throwIfAborted } from '@drayage/core';
import type { DocumentName, DocumentStore } from '@drayage/core';
import { readBytes } from '../http/read-text.ts';
import type { PackageFile } from '../api/package-registry.ts';
import { documentFileName, filesOfDocument, lastNumber } from './file-names.ts';
import type { NumberedFile } from './file-names.ts';
import { operationAt } from './place.ts';
import type { Place } from './place.ts';
import type { Pruner } from './prune.ts';

/** As the port has it, and a little more. */
const maxDocumentBytes = 8 * 1024 * 1024;

// A number that is taken meanwhile is rare: one process writes a document at a time.
const maxNames = 5;

/**
 * How the group stores a document that is written again. `single`: under one name, the newest file is the one that is served. `numbered`:
 * it allows no name twice, so each write has a name of its own.
 */
type Naming = 'unknown' | 'single' | 'numbered';

interface NamingMemory {
  current: Naming;
}

/** The documents of a bundle as files of a generic package, in the version of their pipeline. */
export function createDocuments(place: Place, prune: Pruner): DocumentStore {
  const naming: NamingMemory = { current: 'unknown' };
  const readers = new Map<DocumentName, Uint8Array>();
  const written = new Map<DocumentName, number>();
  return {
    async read(name, signal) {
      const bytes = await readNewest(place, naming, { name, before: readers.get(name), signal });
      if (bytes !== undefined) readers.set(name, bytes);
      return bytes;
    },
    async write(name, bytes, signal) {
      const file = await writeNext(place, naming, { name, bytes, last: written.get(name), signal });
      written.set(name, file.number);
      prune.replace(name, file);
    },
    async delete(name, signal) {
      const operation = operationAt(place, 'delete', name, { direction: 'of' });
      for (const { file } of await listDocument(place, name, signal)) {
        await place.registry.removeFile(operation, file, signal);
      }
      readers.delete(name);
      written.delete(name);
    },
  };
}

interface ReadRequest {
  readonly name: DocumentName;
  /** What the last read gave. */
  readonly before: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * The plain name gives the newest version, unless the group forbids duplicates. Only a list tells that, so one is asked for, until it is
 * known: by two files of one name, by a document that has changed under its plain name, or by a numbered one.
 */
async function readNewest(
  place: Place,
  naming: NamingMemory,
  request: ReadRequest,
): Promise<Uint8Array | undefined> {
  const { name, before, signal } = request;
  if (naming.current === 'numbered') return readNumbered(place, name, signal);
  const plain = await readFile(place, name, documentFileName(name, 0), signal);
  if (plain === undefined || naming.current === 'single') return plain;
  if (before !== undefined && Buffer.compare(before, plain) !== 0) {
    naming.current = 'single';
    return plain;
  }
  const files = await listDocument(place, name, signal);
  if (lastNumber(files) > 0) {
    naming.current = 'numbered';
    return readNumbered(place, name, signal);
  }
  if (files.length > 1) naming.current = 'single';
  return plain;
}

async function readNumbered(
  place: Place,
  name: DocumentName,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const number = lastNumber(await listDocument(place, name, signal));
  return number < 0 ? undefined : readFile(place, name, documentFileName(name, number), signal);
}

async function readFile(
  place: Place,
  name: DocumentName,
  fileName: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const operation = operationAt(place, 'read', name, { direction: 'from' });
  const { client, registry, documentsVersion: version } = place;
  return client.retrying(operation, signal, async () => {
    const response = await registry.download(operation, { version, name: fileName }, 0, signal);
    if (response === undefined) return undefined;
    const announced = response.header('content-length');
    const { bytes, isWhole } = await readBytes(response.body, maxDocumentBytes);
    if (isWhole && (announced === undefined || Number(announced) === bytes.byteLength)) return bytes;
    throw new TransferError('TRANSPORT_IO', `cannot ${operation.title}: it did not come whole`, {
      operation: operation.name,
      side: operation.side,
    });
  });
}

interface WriteRequest {
  readonly name: DocumentName;
  readonly bytes: Uint8Array;
  /** The number of our last write. */
  readonly last: number | undefined;
  readonly signal: AbortSignal | undefined;
}

async function writeNext(place: Place, naming: NamingMemory, request: WriteRequest): Promise<NumberedFile> {
  const { name, bytes, last, signal } = request;
  const operation = operationAt(place, 'write', name, { direction: 'to' });
  const { client, registry, documentsVersion: version } = place;
  // The plain name comes first whatever the naming: a reader begins there.
  let number = naming.current === 'numbered' && last !== undefined ? last + 1 : 0;
  for (let names = 1; names <= maxNames; names += 1) {
    const file = await client.retrying(operation, signal, () => {
      throwIfAborted(signal, operation.title);
      const target = { version, name: documentFileName(name, number) };
      return registry.upload(operation, target, { bytes: once(bytes), sizeBytes: bytes.byteLength }, signal);
    });
    if (file !== undefined) return { file, number };
    naming.current = 'numbered';
    number = lastNumber(await listDocument(place, name, signal)) + 1;
  }
  throw new TransferError('TRANSPORT_IO', `cannot ${operation.title}: every name for it is taken`, {
    operation: operation.name,
    side: operation.side,
    hint: 'Allow duplicates of generic packages in the settings of the group, or give each pre-pull job a name of its own: gitlab://packages/NAME.',
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function listDocument(
  { registry, documentsVersion, ...place }: Place,
  name: DocumentName,
  signal: AbortSignal | undefined,
): Promise<readonly NumberedFile[]> {
  const operation = operationAt(place, 'list', `the files of ${name}`, { direction: 'from' });
  const files: readonly PackageFile[] = await registry.files(operation, documentsVersion, signal);
  return filesOfDocument(files, name);
}
