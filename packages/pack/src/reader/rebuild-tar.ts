import type { ByteStream } from '@drayage/core';
import { createCrc64 } from '../split/crc64.ts';
import { MalformedTarSplit, readTarSplit, type TarSplitRecord } from '../split/tar-split-reader.ts';
import type { TreeFiles } from './tree-files.ts';

const batchBytes = 64 * 1024;

/**
 * Rebuilds a tar from its tree and tar-split. Calls `onFile` for each file whose content starts at `offset`
 * of the tar. Errors of `tarSplit` are passed on unchanged.
 * @throws MalformedTarSplit, also if a file differs from the tar-split; RefusedEntry for a name outside of
 * the tree
 */
export async function* rebuildTar(
  files: TreeFiles,
  tarSplit: ByteStream,
  onFile?: (name: string, offset: number) => void,
): AsyncGenerator<Buffer> {
  let batch: Buffer[] = [];
  let bytes = 0;
  let offset = 0;
  for await (const record of readTarSplit(tarSplit)) {
    if (record.type === 'file' && record.size > 0) onFile?.(record.name, offset);
    for (const piece of contentOf(record, files)) {
      batch.push(piece);
      bytes += piece.length;
      offset += piece.length;
      if (bytes < batchBytes) continue;
      yield Buffer.concat(batch);
      [batch, bytes] = [[], 0];
    }
  }
  if (bytes > 0) yield Buffer.concat(batch);
}

function* contentOf(record: TarSplitRecord, files: TreeFiles): Generator<Buffer> {
  if (record.type === 'segment') yield record.payload;
  else if (record.size > 0) yield* fileContent(record, files);
}

type FileRecord = Extract<TarSplitRecord, { type: 'file' }>;

function* fileContent({ name, size, crc }: FileRecord, files: TreeFiles): Generator<Buffer> {
  const content = files.open(name);
  if (content === undefined) throw wrongFile(name, 'is missing');
  const sum = createCrc64();
  let bytes = 0;
  for (const piece of content) {
    bytes += piece.length;
    if (bytes > size) throw wrongFile(name, 'is too large');
    sum.update(piece);
    yield piece;
  }
  if (bytes < size) throw wrongFile(name, 'is too small');
  if (!sum.digest().equals(crc)) throw wrongFile(name, 'has different content');
}

function wrongFile(name: string, reason: string): MalformedTarSplit {
  return new MalformedTarSplit(`file ${JSON.stringify(Buffer.from(name, 'latin1').toString())} ${reason}`);
}
