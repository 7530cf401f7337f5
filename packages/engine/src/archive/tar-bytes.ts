import { Readable } from 'node:stream';
import { types } from 'node:util';
import { IntegrityError, reasonOf, type ByteStream, type Digest } from '@drayage/core';
import { pack as createPack, type Pack } from 'tar-stream';

type Sink = ReturnType<Pack['entry']>;

/** A regular file of an archive: its size is known before its bytes are opened. */
export interface ArchiveEntry {
  readonly name: string;
  /** Bytes that `open` will give. */
  readonly size: number;
  readonly open: () => Promise<ByteStream>;
}

/** How an entry for a blob with this digest is called, in OCI layouts and in our docker-archives. */
export function blobPath(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** An entry whose bytes are at hand. */
export function bytesEntry(name: string, bytes: Uint8Array): ArchiveEntry {
  return { name, size: bytes.byteLength, open: () => Promise.resolve(Readable.from([bytes])) };
}

// Few large writes instead of many small ones: headers, padding and small blobs travel together.
const chunkBytes = 256 * 1024;

/**
 * The tar archive of `entries`, in their order, in chunks of at least 256 KiB (but for the last). Reads no faster than it is read; the
 * same entries give the same bytes. Whatever `open` or its stream throws comes out here.
 * @throws IntegrityError `SIZE_MISMATCH` when an entry gives more or fewer bytes than its size
 */
export async function* tarBytes(entries: Iterable<ArchiveEntry>): ByteStream {
  const pack = createPack();
  void fill(pack, entries);
  try {
    yield* gather(pack);
  } finally {
    pack.destroy();
  }
}

// Never rejects: what goes wrong is handed on through the pack, so that its reader meets it.
async function fill(pack: Pack, entries: Iterable<ArchiveEntry>): Promise<void> {
  try {
    for (const entry of entries) {
      const bytes = await entry.open();
      if (!(await writeEntry(pack, entry, bytes))) return;
    }
    pack.finalize();
  } catch (error) {
    pack.destroy(toError(error));
  }
}

// False when the archive's reader has gone meanwhile.
async function writeEntry(pack: Pack, entry: ArchiveEntry, bytes: ByteStream): Promise<boolean> {
  if (hasLostReader(pack)) {
    if (bytes instanceof Readable) bytes.destroy();
    return false;
  }
  const { name, size } = entry;
  const sink = pack.entry({ name, size, mode: 0o644, mtime: new Date(0), type: 'file' });
  // The pack tells its reader; without a listener the same error would be thrown a second time, by the sink.
  sink.on('error', () => undefined);
  let written = 0;
  for await (const chunk of bytes) {
    written += chunk.byteLength;
    if (written > size) throw wrongSize(entry, `more than ${String(size)}`);
    if (!sink.write(chunk)) await nextEvent(sink, ['drain', 'close']);
    if (hasLostReader(pack)) return false;
  }
  if (written < size) throw wrongSize(entry, `only ${String(written)} of ${String(size)}`);
  sink.end(undefined);
  if (!sink.destroyed) await nextEvent(sink, ['close']);
  return !hasLostReader(pack);
}

// A function, because the answer changes while others are awaited.
function hasLostReader(pack: Pack): boolean {
  return pack.destroying;
}

function nextEvent(sink: Sink, names: readonly ('drain' | 'close')[]): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const name of names) sink.off(name, settle);
      resolve();
    };
    for (const name of names) sink.on(name, settle);
  });
}

async function* gather(chunks: AsyncIterable<unknown>): ByteStream {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) continue;
    held.push(chunk);
    size += chunk.byteLength;
    if (size < chunkBytes) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(held);
}

function wrongSize(entry: ArchiveEntry, got: string): IntegrityError {
  return new IntegrityError('SIZE_MISMATCH', `cannot archive ${entry.name}: ${got} bytes came`);
}

// Streams carry Errors only; identity is kept for everything that is one.
function toError(error: unknown): Error {
  return types.isNativeError(error) ? error : new Error(reasonOf(error), { cause: error });
}
