import { types } from 'node:util';
import { isDrayError, reasonOf, type ByteStream, type DrayError } from '@drayage/core';
import { extract, type Extract } from 'tar-stream';

/** A regular file in an archive. */
export interface ArchiveFile {
  /** The entry's name: untrusted, never use it as a path. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Read it to the end or not at all; an unread file is skipped. */
  readonly bytes: ByteStream;
}

/**
 * The regular files of a tar stream, one at a time; requesting the next one discards the current. Skips
 * directories, links and special files, which are never needed. Buffers only one header (at most 4 MiB).
 * @throws what `failed` makes when the stream breaks, is not a tar or ends within an entry; a DrayError of
 * `source` unchanged
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
      // The next entry arrives once this one has been read.
      entry.resume();
    }
  } catch (error) {
    throw toFailure(error);
  } finally {
    // Do not wait for the source, which may be silent; the caller ends it.
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

// Never rejects: passes errors to the reader, which throws them.
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

// A function, because the result may change during an await.
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
