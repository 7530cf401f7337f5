import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { isDrayError } from '@drayage/core';
import { unzstd } from '@drayage/core/image';
import { skippableFrame, zstdFrame } from '@drayage/core/testing';
import { LayerSplitter } from '../../../packages/pack/src/layer/layer-splitter.ts';
import { entryPath } from '../../../packages/pack/src/layer/entry-path.ts';
import { RefusedEntry } from '../../../packages/pack/src/layer/refused.ts';
import { abilities } from '../../../packages/pack/src/layer/xattrs.ts';
import { decompress } from '../../../packages/pack/src/layer/decompress.ts';
import { rebuildTar } from '../../../packages/pack/src/reader/rebuild-tar.ts';
import { MalformedTarSplit, readTarSplit } from '../../../packages/pack/src/split/tar-split-reader.ts';
import { createTarSplitWriter } from '../../../packages/pack/src/split/tar-split-writer.ts';
import { MalformedTar } from '../../../packages/pack/src/tar/malformed.ts';
import { TarParser } from '../../../packages/pack/src/tar/tar-parser.ts';
import { claim, claimEqual } from '../claims.ts';
import { mutated, rawBytes } from '../generators/bytes.ts';
import { mutatedJson, type Json } from '../generators/json.ts';
import { zstdFrames } from '../generators/zstd-frames.ts';
import { tarBytes, tars } from '../generators/tar.ts';
import { defineTarget, type Target } from '../target.ts';

const top = 'f'.repeat(64);
const limits = { maxEntries: 500, maxBytes: 64 * 1024 ** 2 };

interface Split {
  /** What goes into the pack. */
  readonly tar: Buffer;
  readonly lines: Buffer;
}

/** Splits the tar of a layer; undefined if it is refused. */
function splitLayer(tar: Buffer, chunkBytes: number): Split | undefined {
  const splitter = new LayerSplitter(top, abilities.squashfs, limits);
  const parser = new TarParser(splitter);
  const parts: { tar: readonly Buffer[]; lines: Buffer }[] = [];
  try {
    for (let at = 0; at < tar.length; at += chunkBytes) {
      parser.push(tar.subarray(at, at + chunkBytes));
      parts.push(splitter.take());
    }
    parser.end();
    parts.push(...splitter.finish());
  } catch (error) {
    if (error instanceof MalformedTar || error instanceof RefusedEntry) return undefined;
    throw error;
  }
  return {
    tar: Buffer.concat(parts.flatMap((part) => part.tar)),
    lines: Buffer.concat(parts.map((part) => part.lines)),
  };
}

/** The files in the input of the program that writes packs. Requires that all of it lies below `top`. */
function filesOf(packed: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer[]>();
  let current: Buffer[] = [];
  const parser = new TarParser({
    entry: ({ name, type, linkName }) => {
      const path = entryPath(name);
      claim(path === top || path.startsWith(`${top}/`), 'an entry of the pack is outside of its layer');
      if (type === 'hardlink')
        claim(entryPath(linkName).startsWith(`${top}/`), 'a link leads out of the layer');
      current = type === 'hardlink' ? (files.get(entryPath(linkName)) ?? []) : [];
      if (type === 'file' || type === 'hardlink') files.set(path, current);
    },
    content: (bytes) => void current.push(bytes),
    contentEnd: () => undefined,
    trailer: () => undefined,
  });
  parser.push(packed);
  parser.end();
  return new Map([...files].map(([path, pieces]) => [path.slice(top.length + 1), Buffer.concat(pieces)]));
}

const mutatedTars = mutated(tars.map(tarBytes), 2);

const splitting = defineTarget(
  'layers',
  fc.record({ tar: mutatedTars, chunkBytes: fc.constantFrom(100, 512, 65_536) }),
  async ({ tar, chunkBytes }) => {
    const split = splitLayer(tar, chunkBytes);
    if (split === undefined) return;
    const files = filesOf(split.tar);
    const rebuilt: Buffer[] = [];
    const tree = { open: (name: string) => contentOf(files.get(entryPath(name))) };
    for await (const piece of rebuildTar(tree, streamOf(gzipSync(split.lines)))) rebuilt.push(piece);
    claim(Buffer.concat(rebuilt).equals(tar), 'the rebuilt tar differs');
  },
);

function contentOf(content: Buffer | undefined): Generator<Buffer> | undefined {
  return content === undefined ? undefined : generate(content);
}

function* generate(content: Buffer): Generator<Buffer> {
  if (content.length > 0) yield content;
}

const names = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constant('\ufffd'),
);
const records = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('segment' as const),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 30 }),
    }),
    fc.record({ kind: fc.constant('file' as const), name: names, size: fc.nat() }),
  ),
  { maxLength: 10 },
);

const crc = Buffer.from('12345678');

const splitsWritten = defineTarget('tar-split-written', records, async (list) => {
  const writer = createTarSplitWriter();
  for (const record of list) {
    if (record.kind === 'segment') writer.segment([Buffer.from(record.bytes)]);
    else writer.file(Buffer.from(record.name).toString('latin1'), { size: record.size, crc });
  }
  const read: unknown[] = [];
  for await (const record of readTarSplit(streamOf(gzipSync(writer.take())))) {
    read.push(
      record.type === 'segment' ? { bytes: [...record.payload] } : { name: record.name, size: record.size },
    );
  }
  const expected = list.map((record) =>
    record.kind === 'segment'
      ? { bytes: [...record.bytes] }
      : { name: Buffer.from(record.name).toString('latin1'), size: record.size },
  );
  claimEqual(read, expected, 'the lines are read differently');
});

const lines: fc.Arbitrary<Json> = fc.oneof(
  fc.record({ type: fc.constant(2), payload: fc.base64String({ maxLength: 16 }), position: fc.nat(3) }),
  fc.record({
    ...{ type: fc.constant(1), name: fc.string({ maxLength: 6 }), size: fc.nat(100), position: fc.nat(3) },
    payload: fc.constantFrom('MTIzNDU2Nzg=', '', 'x'),
  }),
);
const splitFiles = fc.oneof(
  fc
    .array(mutatedJson(lines), { maxLength: 4 })
    .map((list) => gzipSync(Buffer.concat(list.flatMap(withNewline)))),
  mutated(records.map((list) => gzipSync(JSON.stringify(list)))),
  rawBytes(),
  rawBytes().map((bytes) => gzipSync(bytes)),
);

function withNewline(line: Buffer): readonly Buffer[] {
  return [line, Buffer.from('\n')];
}

const splits = defineTarget('tar-split', splitFiles, async (file) => {
  try {
    for await (const record of readTarSplit(streamOf(file))) {
      if (record.type === 'segment') continue;
      claim(Number.isSafeInteger(record.size) && record.size >= 0, 'a size is no count of bytes');
      claim(record.size === 0 || record.crc.length === 8, 'a file has no checksum');
    }
  } catch (error) {
    if (!(error instanceof MalformedTarSplit)) throw error;
  }
});

/** Compressed layers; the frames of zstd are stored, compressed and of several kinds. */
const compressed = fc.oneof(
  mutated(rawBytes().map((bytes) => gzipSync(bytes))),
  mutated(fc.uint8Array({ maxLength: 60 }).map(zstdFrame)),
  mutated(fc.constantFrom(...zstdFrames), 8),
  mutated(fc.nat(40).map((size) => Buffer.concat([skippableFrame(size), zstdFrame(Buffer.from('ab'))]))),
  rawBytes(),
);

const compressedLayers = defineTarget('layer-compression', compressed, async (bytes) => {
  let produced = 0;
  try {
    for await (const piece of decompress(streamOf(bytes))) {
      produced += piece.length;
      if (produced > maxProduced) return;
    }
  } catch (error) {
    if (!(error instanceof MalformedTar) && !isDrayError(error, 'SIZE_MISMATCH')) throw error;
  }
});

const frames = defineTarget('zstd', compressed, async (bytes) => {
  let produced = 0;
  try {
    for await (const piece of unzstd(streamOf(bytes), 'it')) {
      produced += piece.length;
      if (produced > maxProduced) return;
    }
  } catch (error) {
    if (!isDrayError(error, 'SIZE_MISMATCH')) throw error;
  }
});

const maxProduced = 64 * 1024 ** 2;

async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export const layerTargets: readonly Target[] = [splitting, splits, splitsWritten, compressedLayers, frames];
