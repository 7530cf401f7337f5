import fc from 'fast-check';
import { rawPaxHeader, rawTarEntry, rawTarEnd } from '@drayage/core/testing';
import { MalformedTar } from '../../../packages/pack/src/tar/malformed.ts';
import { parsePaxRecords } from '../../../packages/pack/src/tar/pax-records.ts';
import { parseHeaderBlock } from '../../../packages/pack/src/tar/header-block.ts';
import type { TarEntry } from '../../../packages/pack/src/tar/tar-entry.ts';
import { TarParser } from '../../../packages/pack/src/tar/tar-parser.ts';
import { claim, claimEqual } from '../claims.ts';
import { mutated, rawBytes } from '../generators/bytes.ts';
import { latin1, tarBytes, tars, type ModelEntry } from '../generators/tar.ts';
import { defineTarget, maxInputBytes, type Target } from '../target.ts';

interface ReadTar {
  readonly entries: readonly { readonly entry: TarEntry; readonly content: Buffer }[];
  /** Everything in order, as it was handed on. */
  readonly bytes: Buffer;
  readonly isWhole: boolean;
}

/** Reads a tar in pieces of `chunkBytes`. */
function readTar(tar: Buffer, chunkBytes: number): ReadTar {
  const entries: { entry: TarEntry; content: Buffer[] }[] = [];
  const bytes: Buffer[] = [];
  const parser = new TarParser({
    entry: (entry, raw) => {
      entries.push({ entry, content: [] });
      bytes.push(...raw);
    },
    content: (piece) => {
      entries.at(-1)?.content.push(piece);
      bytes.push(piece);
    },
    contentEnd: () => undefined,
    trailer: (raw) => void bytes.push(...raw),
  });
  const isWhole = orMalformed(() => {
    for (let at = 0; at < tar.length; at += chunkBytes) parser.push(tar.subarray(at, at + chunkBytes));
    parser.end();
    return true;
  });
  const read = entries.map(({ entry, content }) => ({ entry, content: Buffer.concat(content) }));
  return { entries: read, bytes: Buffer.concat(bytes), isWhole: isWhole ?? false };
}

function orMalformed<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof MalformedTar)) throw error;
    return undefined;
  }
}

const chunkSizes = fc.constantFrom(1, 7, 511, 512, 513, 4096, maxInputBytes);
const mutatedTars = mutated(tars.map(tarBytes), 4);

const archives = defineTarget(
  'tar',
  fc.record({
    tar: fc.oneof({ arbitrary: mutatedTars, weight: 9 }, { arbitrary: rawBytes(), weight: 1 }),
    chunkBytes: chunkSizes,
  }),
  ({ tar, chunkBytes }) => {
    const whole = readTar(tar, maxInputBytes);
    const pieces = readTar(tar, chunkBytes);
    claimEqual(pieces.isWhole, whole.isWhole, 'the size of the pieces decides whether it can be read');
    if (!whole.isWhole) return;
    claimEqual(pieces.entries, whole.entries, 'the size of the pieces makes a difference');
    claim(whole.bytes.equals(tar), 'some bytes were lost or read twice');
    claim(pieces.bytes.equals(tar), 'some bytes of the pieces were lost or read twice');
    for (const { entry, content } of whole.entries) {
      claimEqual(content.length, entry.storedSize, 'the content has another size');
      for (const number of [entry.uid, entry.gid, entry.mode, entry.size, entry.mtime.seconds]) {
        claim(Number.isSafeInteger(number), 'a number is not exact');
      }
      claim(/^[\0-\u00ff]*$/.test(entry.name + entry.linkName), 'a name is not made of bytes');
    }
  },
);

const written = defineTarget('tar-written', tars, (entries) => {
  const { entries: read, isWhole } = readTar(tarBytes(entries), 700);
  claim(isWhole, 'a valid tar is refused');
  claimEqual(read.map(plain), entries.map(expected), 'it is read differently');
});

function plain({ entry, content }: ReadTar['entries'][number]): unknown {
  const { name, type, mode, uid, gid, mtime, linkName, xattrs } = entry;
  const texts = [...xattrs].map(([key, value]) => [key, value.toString('latin1')]);
  return { name, type, mode, uid, gid, mtime, linkName, xattrs: texts, content };
}

function expected(entry: ModelEntry): unknown {
  const { name, kind, mode, uid, gid, mtime, xattrs } = entry;
  return {
    ...{ name: latin1(name), type: kind, mode, uid, gid },
    mtime: { seconds: mtime, nanoseconds: 0 },
    linkName: kind === 'symlink' ? latin1(entry.linkName) : '',
    xattrs: Object.entries(xattrs).map(([key, value]) => [key, latin1(value)]),
    content: kind === 'file' ? entry.content : Buffer.alloc(0),
  };
}

const headers = defineTarget(
  'tar-headers',
  fc.oneof(
    mutated(
      tars.filter((list) => list.length > 0).map((list) => tarBytes(list).subarray(0, 512)),
      3,
    ),
    fc.uint8Array({ minLength: 512, maxLength: 512, size: 'max' }).map((bytes) => Buffer.from(bytes)),
  ),
  (bytes) => {
    const block = Buffer.concat([bytes, Buffer.alloc(512)]).subarray(0, 512);
    // Most mutations break the checksum, which would hide the rest.
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    const header = orMalformed(() => parseHeaderBlock(block));
    if (header === undefined) return;
    claim(header.name.length <= 256 && header.linkName.length <= 100, 'a name is longer than its field');
    claim(!header.name.includes('\0') && !header.linkName.includes('\0'), 'a name has a NUL');
    for (const number of [
      header.mode,
      header.uid,
      header.gid,
      header.size,
      header.mtime,
      header.deviceMinor,
    ]) {
      claim(Number.isSafeInteger(number), 'a number is not exact');
    }
  },
);

const paxKeys = fc.oneof(
  fc.constantFrom(
    'path',
    'size',
    'uid',
    'mtime',
    'SCHILY.xattr.user.a',
    'GNU.sparse.offset',
    'GNU.sparse.numbytes',
  ),
  fc.stringMatching(/^[a-zA-Z.]{1,8}$/),
);
const paxValues = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.nat().map(String),
  fc.constantFrom('', 'a=b', 'a\nb', '1.5'),
);
const paxPairs = fc.array(fc.tuple(paxKeys, paxValues), { maxLength: 12 });

function paxData(pairs: readonly (readonly [string, string])[]): Buffer {
  const tar = rawPaxHeader(pairs.map(([key, value]) => [latin1(key), latin1(value)] as const));
  return tar.subarray(512, 512 + parseHeaderBlock(tar.subarray(0, 512)).size);
}

const pax = defineTarget(
  'pax-records',
  fc.oneof({ arbitrary: mutated(paxPairs.map(paxData)), weight: 9 }, { arbitrary: rawBytes(), weight: 1 }),
  (data) => {
    const records = orMalformed(() => parsePaxRecords(data));
    let bytes = 0;
    for (const [key, value] of records ?? []) {
      claim(key !== '' && !key.includes('\0') && !key.includes('='), 'a key is odd');
      bytes += key.length + value.length;
    }
    claim(bytes <= data.length + 'GNU.sparse.map'.length, 'more was read than is there');
  },
);

const paxWritten = defineTarget('pax-written', paxPairs, (pairs) => {
  const plainPairs = pairs.filter(([key]) => !key.startsWith('GNU.sparse.'));
  const records = parsePaxRecords(paxData(plainPairs));
  const read = new Map([...records].map(([key, value]) => [key, value.toString()]));
  claimEqual(read, new Map(plainPairs), 'the records are read differently');
});

/** A sparse file in one of the formats, as entries of a tar, with its full content. */
const sparse = defineTarget(
  'tar-sparse',
  fc.record({
    fragments: fc.array(fc.tuple(fc.nat(2000), fc.nat(900)), { maxLength: 25 }),
    hole: fc.nat(3000),
    format: fc.constantFrom('0.0', '0.1', '1.0'),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
  }),
  ({ fragments: gaps, hole, format, changes }) => {
    const fragments: [number, number][] = [];
    let end = 0;
    for (const [gap, length] of gaps) {
      fragments.push([end + gap, length]);
      end += gap + length;
    }
    const size = end + hole;
    const stored = Buffer.alloc(
      fragments.reduce((sum, [, length]) => sum + length, 0),
      'data',
    );
    const tar = sparseTar(fragments, { size, stored, format });
    const { entries, isWhole } = readTar(tar, 1000);
    claim(isWhole, 'a valid sparse file is refused');
    const [file] = entries;
    claimEqual(file?.entry.size, size, 'the size is read differently');
    claimEqual(
      file?.entry.fragments?.map(({ offset, length }) => [offset, length]),
      fragments,
      'the fragments are read differently',
    );
    claim(file?.content.equals(stored) === true, 'the content is read differently');
    const changed = Buffer.from(tar);
    for (const [at, value] of changes) changed[at % tar.length] = value;
    for (const { entry } of readTar(changed, 1000).entries) claimFragments(entry);
  },
);

function claimFragments({ fragments, size, storedSize }: TarEntry): void {
  let end = 0;
  let bytes = 0;
  for (const { offset, length } of fragments ?? []) {
    claim(offset >= end && length >= 0, 'the fragments of a sparse file overlap');
    end = offset + length;
    bytes += length;
  }
  if (fragments === undefined) return;
  claim(end <= size && bytes === storedSize, 'the fragments of a sparse file do not fit');
}

function sparseTar(
  fragments: readonly (readonly [number, number])[],
  { size, stored, format }: { readonly size: number; readonly stored: Buffer; readonly format: string },
): Buffer {
  const [major = '', minor = ''] = format.split('.');
  const name: [string, string] = ['GNU.sparse.name', 'sparse'];
  const counts: [string, string][] = [
    ['GNU.sparse.size', String(size)],
    ['GNU.sparse.numblocks', String(fragments.length)],
  ];
  const pairs = fragments.flatMap(([offset, length]): [string, string][] => [
    ['GNU.sparse.offset', String(offset)],
    ['GNU.sparse.numbytes', String(length)],
  ]);
  const map: [string, string] = ['GNU.sparse.map', fragments.flat().join(',')];
  const version: [string, string][] = [
    ['GNU.sparse.major', major],
    ['GNU.sparse.minor', minor],
  ];
  if (format === '0.0') return withContent([...version, ...counts, ...pairs], stored);
  if (format === '0.1') return withContent([...version, name, ...counts, map], stored);
  const text = `${fragments.length}\n${fragments
    .flat()
    .map((number) => `${number}\n`)
    .join('')}`;
  const block = Buffer.alloc(Math.ceil(text.length / 512) * 512);
  block.write(text);
  return withContent(
    [...version, name, ['GNU.sparse.realsize', String(size)]],
    Buffer.concat([block, stored]),
  );
}

function withContent(records: readonly (readonly [string, string])[], content: Buffer): Buffer {
  return Buffer.concat([rawPaxHeader(records), rawTarEntry({ name: 'sparse', content }), rawTarEnd()]);
}

export const tarTargets: readonly Target[] = [archives, written, headers, pax, paxWritten, sparse];
