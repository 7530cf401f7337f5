import { types } from 'node:util';
import { isDrayError, reasonOf, type ByteStream, type DrayError } from '@drayage/core';
import { extract, type Extract } from 'tar-stream';

/** A regular file in an archive. */
export interface ArchiveFile {
  /** As it is written there: untrusted, never a path to use. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** To be read to the end, or not at all: then the file is passed over. */
  readonly bytes: ByteStream;
}

/**
 * The regular files of a tar stream, one after the other; each is gone when the next one is asked for. Folders, links and special files are
 * passed over: what they say is never needed. Nothing but a header (at most 4 MiB) is held.
 * @throws what `failed` makes when the stream breaks off, is no tar or ends within an entry; a DrayError of `source` as it is
 */
export async function* archiveFiles(
  source: ByteStream,
  failed: (error: unknown) => DrayError,
): AsyncGenerator<ArchiveFile> {
  const reader = extract();
  void feed(reader, source);
  const toFailure = (error: unknown): DrayError => (isDrayError(error) ? error : failed(error));
  try {
    for await (const entry of reader) {
      const { name, size, type } = entry.header;
      if (type === 'file') yield { name, size, bytes: chunksOf(entry, toFailure) };
      // The next entry comes when this one has been read.
      entry.resume();
    }
  } catch (error) {
    throw toFailure(error);
  } finally {
    // Not waited for is the source: it may be silent. Whoever gave it ends it.
    reader.destroy();
  }
}

async function* chunksOf(
  chunks: AsyncIterable<unknown>,
  toFailure: (error: unknown) => DrayError,
): ByteStream {
  try {
    for await (const chunk of chunks) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    throw toFailure(error);
  }
}

// Never rejects: what goes wrong is handed on through the reader, so that whoever reads meets it.
async function feed(reader: Extract, source: ByteStream): Promise<void> {
  try {
    for await (const chunk of source) {
      const hasRoom = reader.write(chunk);
      if (!hasRoom && !hasLostReader(reader)) await nextEvent(reader, ['drain', 'close']);
      if (hasLostReader(reader)) return;
    }
    reader.end(undefined);
  } catch (error) {
    reader.destroy(types.isNativeError(error) ? error : new Error(reasonOf(error), { cause: error }));
  }
}

// A function, because the answer changes while others are awaited.
function hasLostReader(reader: Extract): boolean {
  return reader.destroying;
}

function nextEvent(reader: Extract, names: readonly ('drain' | 'close')[]): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const name of names) reader.off(name, settle);
      resolve();
    };
    for (const name of names) reader.on(name, settle);
  });
}
