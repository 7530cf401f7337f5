import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf } from '@drayage/core';
import type { PackedLayer } from '@drayage/core/bundle';
import {
  createRandom,
  rawLongName,
  rawPadding,
  rawPaxHeader,
  rawTarEnd,
  rawTarEntry,
  rejectionCode,
  temporaryDirectory,
} from '@drayage/core/testing';
import type { Random, TemporaryDirectory } from '@drayage/core/testing';
import { createPackReader } from '../reader/pack-reader.ts';
import { bufferOf, makePack, tarOf, text, topOf } from '../testing/make-pack.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

/** The content of a file in the pack. */
function contentOf(pack: string, tar: Buffer, path: string): Buffer {
  return execFileSync('unsquashfs', ['-cat', pack, `${topOf(tar)}/${path}`], { maxBuffer: 64 * 1024 ** 2 });
}

async function linesOf(tar: Buffer): Promise<readonly Record<string, unknown>[]> {
  const split = gunzipSync(await (await makePack(directory.path, [tar])).tarSplit()).toString();
  return split
    .trimEnd()
    .split('\n')
    .map((line) => asRecord(JSON.parse(line)));
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The 20 bytes of an old GNU sparse header, by their offsets. */
function sparseFields(
  fragments: readonly (readonly [number, number])[],
  realSize?: number,
): Record<number, string> {
  const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;
  const fields = fragments.map(
    ([offset, length], at) => [at * 24, `${octal(offset)}${octal(length)}`] as const,
  );
  const shifted = fields.map(([at, field]) => [at + 386, field] as const);
  return Object.fromEntries(realSize === undefined ? fields : [...shifted, [483, octal(realSize)]]);
}

function sparseContinuation(fragments: readonly (readonly [number, number])[]): Buffer {
  const block = Buffer.alloc(512);
  for (const [offset, field] of Object.entries(sparseFields(fragments)))
    block.write(field, Number(offset), 'latin1');
  return block;
}

const page = Buffer.alloc(4096, 'data ');
const pages = Buffer.concat([page, page]);
/** 4096 bytes of zeros, data, zeros, data, zeros. */
const expanded = Buffer.concat([Buffer.alloc(4096), page, Buffer.alloc(1_000_000), page, Buffer.alloc(5000)]);
const holes = [
  [4096, 4096],
  [4096 + 4096 + 1_000_000, 4096],
] as const;
const mapText = `2\n${holes.flat().join('\n')}\n`;
const map = Buffer.concat([text(mapText), rawPadding(mapText.length)]);

const sparseTars: Readonly<Record<string, Buffer>> = {
  'old GNU tar': tarOf(
    rawTarEntry({
      name: 's',
      typeFlag: 'S',
      format: 'gnu',
      content: pages,
      patches: sparseFields(holes, expanded.length),
    }),
    rawTarEntry({ name: 'after', content: text('after') }),
  ),
  'PAX 0.0': tarOf(
    rawPaxHeader([
      ['GNU.sparse.size', String(expanded.length)],
      ['GNU.sparse.numblocks', '2'],
      ...holes.flatMap(
        ([offset, length]) =>
          [
            ['GNU.sparse.offset', String(offset)],
            ['GNU.sparse.numbytes', String(length)],
          ] as const,
      ),
    ]),
    rawTarEntry({ name: 's', content: pages }),
    rawTarEntry({ name: 'after', content: text('after') }),
  ),
  'PAX 0.1': tarOf(
    rawPaxHeader({
      'GNU.sparse.size': String(expanded.length),
      'GNU.sparse.numblocks': '2',
      'GNU.sparse.map': holes.flat().join(','),
      'GNU.sparse.name': 's',
    }),
    rawTarEntry({ name: 'GNUSparseFile.0/s', content: pages }),
    rawTarEntry({ name: 'after', content: text('after') }),
  ),
  'PAX 1.0': tarOf(
    rawPaxHeader({
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': 's',
      'GNU.sparse.realsize': String(expanded.length),
    }),
    rawTarEntry({ name: 'GNUSparseFile.0/s', content: Buffer.concat([map, pages]) }),
    rawTarEntry({ name: 'after', content: text('after') }),
  ),
};

describe('a rebuilt tar equals the original', () => {
  test.each(Object.entries(sparseTars))(
    'with a sparse file in the format of %s, expanded in the pack',
    async (_, tar) => {
      const pack = await makePack(directory.path, [tar]);
      expect(pack.layers).toMatchObject([{ size: expanded.length + 5, entries: 2 }]);
      expect(contentOf(pack.file, tar, 's').equals(expanded)).toBe(true);
      expect(contentOf(pack.file, tar, 'after').toString()).toBe('after');
      expect((await pack.rebuild()).equals(tar)).toBe(true);
    },
  );

  test('with a sparse file of many fragments', async () => {
    const fragments = Array.from({ length: 30 }, (_, at) => [at * 1024, 512] as const);
    const header = rawTarEntry({
      name: 's',
      typeFlag: 'S',
      format: 'gnu',
      size: 30 * 512,
      patches: { ...sparseFields(fragments.slice(0, 4), 30 * 1024), 482: '\x01' },
    });
    const more = [sparseContinuation(fragments.slice(4, 25)), sparseContinuation(fragments.slice(25))];
    more[0]?.write('\x01', 504, 'latin1');
    const tar = tarOf(header, ...more, Buffer.alloc(30 * 512, 'x'));
    const pack = await makePack(directory.path, [tar]);
    expect(contentOf(pack.file, tar, 's')).toHaveLength(30 * 1024);
    expect((await pack.rebuild()).equals(tar)).toBe(true);
  });

  const names = [
    'caf\xe9',
    'caf\xc3\xa9',
    '\xef\xbf\xbd',
    '\xff\xfe',
    'a<b>&c',
    'line\nfeed',
    '\xe2\x80\xa8',
    '\u0001\u007f',
    '*?[x]',
    ' - ',
  ];
  test('with names that are not UTF-8', async () => {
    const tar = tarOf(
      ...names.flatMap((name, at) => [
        rawTarEntry({ name: `dir-${name}/${name}`, content: text(String(at)) }),
        rawPaxHeader({ path: `${'long'.repeat(50)}/${name}=${name}\n` }),
        rawTarEntry({ name: 'long', content: text(`long ${String(at)}`) }),
      ]),
    );
    const pack = await makePack(directory.path, [tar]);
    expect((await pack.rebuild()).equals(tar)).toBe(true);
  });

  const shapes: Readonly<Record<string, Buffer>> = {
    'no entries': rawTarEnd(),
    'no end': rawTarEntry({ name: 'x', content: text('12345') }),
    'no padding of the last file': rawTarEntry({ name: 'x', content: text('12345') }).subarray(0, 512 + 5),
    'one block of zeros at its end': Buffer.concat([rawTarEntry({ name: 'x' }), Buffer.alloc(512)]),
    'data after its end': Buffer.concat([tarOf(rawTarEntry({ name: 'x' })), Buffer.alloc(3_000_000, 'junk')]),
    'data in its padding': tarOf(
      rawTarEntry({ name: 'x', content: text('abc') }).fill(0x41, 515),
      rawTarEntry({ name: 'y' }),
    ),
    'global headers': tarOf(rawPaxHeader({ comment: 'x', mtime: '5' }, 'g'), rawTarEntry({ name: 'x' })),
    'content that engines do not extract': tarOf(
      rawTarEntry({ name: '.wh.gone', content: text('why not') }),
      rawTarEntry({ name: '.wh..wh.plnk/1.2', content: text('aufs') }),
      rawTarEntry({ name: 'd/', typeFlag: '5', size: 77 }),
    ),
    'an old directory': tarOf(
      rawTarEntry({ name: 'old/', typeFlag: '\0', format: 'v7' }),
      rawTarEntry({ name: 'old/x', typeFlag: '\0', format: 'v7' }),
    ),
    'long names': tarOf(
      rawLongName('n'.repeat(200)),
      rawTarEntry({ name: 'n', format: 'gnu', content: text('long') }),
    ),
    'the misplaced prefix of old Go': tarOf(
      rawTarEntry({ name: 'base', format: 'gnu', prefix: 'directory', content: text('x') }),
    ),
    'a file larger than a chunk': tarOf(rawTarEntry({ name: 'x', content: Buffer.alloc(900_001, 'large') })),
    'an unreadable file': tarOf(
      rawTarEntry({ name: 'd/x', mode: 0, content: text('secret') }),
      rawTarEntry({ name: 'd/', typeFlag: '5', mode: 0 }),
    ),
  };
  test.each(Object.entries(shapes))('with %s', async (_, tar) => {
    const pack = await makePack(directory.path, [tar]);
    expect((await pack.rebuild()).equals(tar)).toBe(true);
    expect(await readdir(directory.path)).toHaveLength(2);
  });

  test.each([1, 2, 3, 4, 5, 6])('with a random tree (seed %d)', async (seed) => {
    const random = createRandom(seed);
    const tars = Array.from({ length: 3 }, () => randomTar(random));
    const pack = await makePack(directory.path, tars);
    for (const [position, tar] of tars.entries())
      expect((await pack.rebuild(position)).equals(tar)).toBe(true);
  });
});

describe('a tar-split', () => {
  test('has a line for each entry and for the bytes between entries', async () => {
    const lines = await linesOf(
      tarOf(
        rawTarEntry({ name: 'a<b>', content: text('123456789') }),
        rawTarEntry({ name: '\xff', typeFlag: '5' }),
      ),
    );
    expect(lines).toEqual([
      { type: 2, payload: expect.any(String), position: 0 },
      {
        type: 1,
        name: 'a<b>',
        size: 9,
        payload: Buffer.from('b90956c775a41001', 'hex').toString('base64'),
        position: 1,
      },
      { type: 2, payload: expect.any(String), position: 2 },
      { type: 1, name_raw: '/w==', payload: null, position: 3 },
      { type: 2, payload: expect.any(String), position: 4 },
    ]);
  });
});

describe('a layer cannot be rebuilt', () => {
  const tar = tarOf(
    rawTarEntry({ name: 'a', content: text('content') }),
    rawTarEntry({ name: 'l', typeFlag: '2', linkName: '/etc/passwd' }),
  );
  const open = async (
    change: (lines: string) => string,
    changeLayer: Partial<PackedLayer> = {},
  ): Promise<Buffer> => {
    const pack = await makePack(directory.path, [tar]);
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    const tarSplit = Readable.from([gzipSync(change(gunzipSync(await pack.tarSplit()).toString()))]);
    const request = {
      file: pack.file,
      filesystem: 'squashfs',
      layer: { ...layer, ...changeLayer },
      packLayers: pack.layers,
      tarSplit,
      workDir: directory.path,
    } as const;
    return bufferOf(await createPackReader().openLayer(request));
  };
  const cases: Readonly<Record<string, (lines: string) => string>> = {
    'a name leads out of its tree': (lines) => lines.replace('"a"', '"../../../../../../etc/passwd"'),
    'a name leads through a link': (lines) => lines.replace('"a"', '"l"'),
    'a file is missing': (lines) => lines.replace('"a"', '"b"'),
    'a file is larger': (lines) => lines.replace('"size":7', '"size":6'),
    'a file is smaller': (lines) => lines.replace('"size":7', '"size":8'),
    'a file has different content': (lines) => lines.replace(/("size":7,"payload":")./, '$1/'),
    'a line is not JSON': (lines) => lines.replace('{', '['),
    'a line is missing': (lines) => lines.replace(/^.*\n/, ''),
    'its last line is truncated': (lines) => lines.trimEnd(),
    'it makes a larger tar': (lines) => `${lines}{"type":2,"payload":"AAAA","position":5}\n`,
  };
  test.each(Object.entries(cases))('when %s', async (_, change) => {
    await expect(open(change)).rejects.toMatchObject({ code: 'PACK_INVALID' });
    expect(await readdir(directory.path)).toHaveLength(2);
  });

  test('when it is a different layer', async () => {
    const flip = (lines: string): string => lines.replace('"payload":"YQ', '"payload":"YR');
    expect(await rejectionCode(open(flip))).toBe('DIGEST_MISMATCH');
  });

  test('when the tar-split is not gzip, or the pack is invalid or lacks the layer', async () => {
    const pack = await makePack(directory.path, [tar]);
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    const request = {
      file: pack.file,
      filesystem: 'squashfs',
      layer,
      packLayers: pack.layers,
      workDir: directory.path,
    } as const;
    const open = async (more: object): Promise<Buffer> =>
      bufferOf(
        await createPackReader().openLayer({
          ...request,
          tarSplit: Readable.from([await pack.tarSplit()]),
          ...more,
        }),
      );
    await expect(open({ tarSplit: Readable.from([text('no gzip')]) })).rejects.toMatchObject({
      code: 'PACK_INVALID',
    });
    await expect(open({ file: process.execPath })).rejects.toMatchObject({ code: 'PACK_INVALID' });
    const diffId = digestOf('another');
    await expect(open({ layer: { ...layer, diffId } })).rejects.toMatchObject({ code: 'PACK_INVALID' });
    await expect(open({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await readdir(directory.path)).toHaveLength(2);
  });

  test('without the program', async () => {
    const pack = await makePack(directory.path, [tar]);
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    const reader = createPackReader({ unsquashfs: `${directory.path}/none` });
    const request = {
      file: pack.file,
      filesystem: 'squashfs',
      layer,
      packLayers: pack.layers,
      tarSplit: Readable.from([]),
      workDir: directory.path,
    } as const;
    await expect(reader.openLayer(request)).rejects.toMatchObject({ code: 'PACK_TOOL_MISSING' });
  });

  test('completely if the reader stops, and leaves no files', async () => {
    const large = tarOf(rawTarEntry({ name: 'x', content: Buffer.alloc(3_000_000, 'x') }));
    const pack = await makePack(directory.path, [large]);
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    const tarSplit = Readable.from([await pack.tarSplit()]);
    const stream = await createPackReader().openLayer({
      file: pack.file,
      filesystem: 'squashfs',
      layer,
      packLayers: pack.layers,
      tarSplit,
      workDir: directory.path,
    });
    for await (const chunk of stream) {
      expect(chunk.length).toBeGreaterThan(0);
      expect(await readdir(directory.path)).toHaveLength(3);
      break;
    }
    expect(await readdir(directory.path)).toHaveLength(2);
  });
});

/** A tar of random entries, in formats of all kinds. */
function randomTar(random: Random): Buffer {
  const files: string[] = [];
  const entries = Array.from({ length: 40 + random.below(40) }, (_, at) => {
    const parts = Array.from({ length: 1 + random.below(4) }, () =>
      random.text(1 + random.below(3), 'ab\xe4\xff'),
    );
    const path = `${parts.join('/')}/${String(at)}`;
    const attributes = {
      mode: random.below(0o10000),
      uid: random.below(70_000),
      gid: random.below(70_000),
      mtime: random.below(2 ** 31),
    };
    const kind = random.pick([
      'file',
      'file',
      'file',
      'long',
      'pax',
      'link',
      'symlink',
      'directory',
      'fifo',
      'whiteout',
    ] as const);
    const content = Buffer.from(random.bytes(random.below(random.pick([10, 1000, 300_000]))));
    const [target] = files.slice(-1);
    switch (kind) {
      case 'file':
        files.push(path);
        return rawTarEntry({ name: path, content, ...fixed });
      case 'long':
        return Buffer.concat([
          rawLongName(`${path}/${'l'.repeat(200)}`),
          rawTarEntry({ name: 'l', format: 'gnu', content, ...attributes }),
        ]);
      case 'pax':
        return Buffer.concat([
          rawPaxHeader({
            path: `./${path}`,
            mtime: `${String(attributes.mtime)}.${String(random.below(10 ** 9))}`,
            'SCHILY.xattr.user.x': random.bytes(20),
          }),
          rawTarEntry({ name: 'p', content, ...attributes }),
        ]);
      case 'link':
        return target === undefined
          ? Buffer.alloc(0)
          : Buffer.concat([
              rawPaxHeader({ linkpath: target }),
              rawTarEntry({ name: path, typeFlag: '1', ...fixed }),
            ]);
      case 'symlink':
        return rawTarEntry({
          name: path,
          typeFlag: '2',
          linkName: random.text(1 + random.below(90)),
          ...attributes,
        });
      case 'directory':
        return rawTarEntry({ name: `${path}/`, typeFlag: '5', ...attributes });
      case 'fifo':
        return rawTarEntry({ name: path, typeFlag: '6', ...attributes });
      case 'whiteout':
        return rawTarEntry({ name: `${parts.join('/')}/.wh.${String(at)}`, ...attributes });
    }
  });
  return tarOf(...entries);
}

/** Attributes of link targets: a hard link must have the attributes of its file. */
const fixed = { mode: 0o640, uid: 1, gid: 2, mtime: 3 };

describe('a pack that contains more than it declares', () => {
  const bomb = tarOf(rawTarEntry({ name: 'a', content: createRandom(7).bytes(8 * 1024 ** 2) }));

  test('is not extracted beyond the declared size, and leaves no files', async () => {
    const pack = await makePack(directory.path, [bomb]);
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    const tarSplit = Readable.from([await pack.tarSplit()]);
    const modest = { ...layer, size: 1000, tarSize: 2000 };
    const before = await readdir(directory.path);
    const request = { file: pack.file, filesystem: 'squashfs', tarSplit, workDir: directory.path } as const;
    const stream = createPackReader().openLayer({ ...request, layer: modest, packLayers: [modest] });
    await expect(stream.then(bufferOf)).rejects.toMatchObject({
      code: 'PACK_INVALID',
      message: expect.stringContaining('larger than the 1000 bytes'),
    });
    expect(await readdir(directory.path)).toEqual(before);
  });

  test('is rejected if there is no space for its declared size', async () => {
    const pack = await makePack(directory.path, [bomb]);
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    const tarSplit = Readable.from([await pack.tarSplit()]);
    const huge = { ...layer, size: 2 ** 52, tarSize: 2 ** 52 };
    const request = { file: pack.file, filesystem: 'squashfs', tarSplit, workDir: directory.path } as const;
    const stream = createPackReader().openLayer({ ...request, layer: huge, packLayers: [huge] });
    await expect(stream.then(bufferOf)).rejects.toMatchObject({ code: 'DISK_FULL' });
  });
});
