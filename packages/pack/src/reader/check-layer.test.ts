import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isDrayError } from '@drayage/core';
import {
  createRandom,
  rawLongName,
  rawPaxHeader,
  rawTarEntry,
  temporaryDirectory,
} from '@drayage/core/testing';
import type { TemporaryDirectory } from '@drayage/core/testing';
import { forgePack } from '../testing/forge-pack.ts';
import { makePack, tarOf, text, type MadePack } from '../testing/make-pack.ts';
import { createPackReader } from './pack-reader.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');

function check(pack: MadePack, file = pack.file, tarSplit?: Buffer, position = 0): Promise<void> {
  const layer = pack.layers[position];
  if (layer === undefined) throw new Error('layer not found');
  const split = async function* (): AsyncGenerator<Uint8Array> {
    yield tarSplit ?? (await pack.tarSplit(position));
  };
  const request = { file, filesystem: 'squashfs', layer, packLayers: pack.layers } as const;
  return createPackReader().checkLayer({
    ...request,
    tarSplit: Readable.from(split()),
    workDir: directory.path,
  });
}

const entries = {
  top: rawTarEntry({ name: './', typeFlag: '5', mode: 0o711, uid: 5 }),
  directory: rawTarEntry({ name: 'd/', typeFlag: '5', mode: 0o1777, mtime: 1_000_000_000 }),
  a: rawTarEntry({ name: 'd/a', content: text('content of a'), mode: 0o4755, uid: 70_000, gid: 3_000_000 }),
  b: rawTarEntry({ name: 'd/b', content: text('content of b') }),
  large: rawTarEntry({ name: 'large', content: createRandom(3).bytes(700_000) }),
  empty: rawTarEntry({ name: 'empty' }),
  hard: rawTarEntry({ name: 'hard', typeFlag: '1', linkName: 'd/b' }),
  linkedToo: rawTarEntry({ name: 'linked-too', typeFlag: '1', linkName: 'hard' }),
  soft: rawTarEntry({ name: 'soft', typeFlag: '2', linkName: '../../d/a' }),
  whiteout: rawTarEntry({ name: 'd/.wh.gone' }),
  opaque: rawTarEntry({ name: 'implied/deeper/.wh..wh..opq' }),
  device: rawTarEntry({ name: 'device', typeFlag: '3', deviceMajor: 260, deviceMinor: 70_000 }),
  block: rawTarEntry({ name: 'block', typeFlag: '4', deviceMajor: 8, deviceMinor: 1 }),
  fifo: rawTarEntry({ name: 'fifo', typeFlag: '6', mode: 0o600 }),
  capable: Buffer.concat([
    rawPaxHeader({
      'SCHILY.xattr.security.capability': capability,
      'SCHILY.xattr.user.x': Buffer.alloc(3000, 'x'),
    }),
    rawTarEntry({ name: 'capable', content: text('x') }),
  ]),
  named: Buffer.concat([
    rawLongName(`n\u00e9w\nline/${'long'.repeat(50)}`),
    rawTarEntry({ name: 'long', content: text('long') }),
  ]),
};

function layerWith(changes: Partial<Record<keyof typeof entries, Buffer>>, ...more: Buffer[]): Buffer {
  return tarOf(...Object.values({ ...entries, ...changes }), ...more);
}

const honest = layerWith({});

function many(count: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, at) =>
    rawTarEntry({ name: `many/a file among others ${String(at)}`, content: text(String(at)), uid: at }),
  );
}

describe('a layer in a pack', () => {
  test('matches its diffId, with every kind of entry', async () => {
    const pack = await makePack(directory.path, [honest, tarOf(...many(3000)), tarOf()]);
    const before = await readdir(directory.path);
    for (const position of pack.layers.keys()) await check(pack, pack.file, undefined, position);
    expect(await readdir(directory.path)).toEqual(before);
  });

  test('matches its diffId, with a sparse file', async () => {
    const content = Buffer.concat([Buffer.from('1\n1000000\n6\n'.padEnd(512, '\0')), text('sparse')]);
    const sparse = Buffer.concat([
      rawPaxHeader({
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': 'sparse',
        'GNU.sparse.realsize': '1000006',
      }),
      rawTarEntry({ name: 'GNUSparseFile.0/sparse', content }),
    ]);
    const pack = await makePack(directory.path, [tarOf(sparse)]);
    await check(pack);
    const file = rawTarEntry({
      name: 'sparse',
      content: Buffer.concat([Buffer.alloc(1_000_000), text('SPARSE')]),
    });
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    await expect(
      check(pack, await forgePack(directory.path, layer.diffId, tarOf(file))),
    ).rejects.toMatchObject({
      code: 'PACK_INVALID',
      message: expect.stringContaining('"sparse" has different content'),
    });
  });

  const forgeries: Readonly<Record<string, readonly [Buffer, string]>> = {
    'a file has different content': [
      layerWith({
        a: rawTarEntry({
          name: 'd/a',
          content: text('CONTENT OF A'),
          mode: 0o4755,
          uid: 70_000,
          gid: 3_000_000,
        }),
      }),
      'different content',
    ],
    'there is an extra file': [
      layerWith({}, rawTarEntry({ name: 'etc/ld.so.preload', content: text('/evil.so') })),
      'is not in the layer',
    ],
    'a file is missing': [layerWith({ empty: Buffer.alloc(0) }), '"empty" is missing'],
    'a mode differs': [
      layerWith({
        large: rawTarEntry({ name: 'large', content: createRandom(3).bytes(700_000), mode: 0o4755 }),
      }),
      '"large" has a different mode',
    ],
    'an owner differs': [
      layerWith({ fifo: rawTarEntry({ name: 'fifo', typeFlag: '6', mode: 0o600, uid: 1 }) }),
      'different owner',
    ],
    'a symlink has another target': [
      layerWith({ soft: rawTarEntry({ name: 'soft', typeFlag: '2', linkName: '../../d/b' }) }),
      '"soft" has a different target',
    ],
    'a hard link is a separate file': [
      layerWith({ hard: rawTarEntry({ name: 'hard', content: text('content of b') }) }),
      'linked',
    ],
    'a device differs': [
      layerWith({ block: rawTarEntry({ name: 'block', typeFlag: '4', deviceMajor: 8, deviceMinor: 0 }) }),
      '"block" has a different device',
    ],
    'capabilities differ': [
      layerWith({
        capable: Buffer.concat([
          rawPaxHeader({ 'SCHILY.xattr.security.capability': Buffer.from(capability).fill(0xff, 4, 8) }),
          rawTarEntry({ name: 'capable', content: text('x') }),
        ]),
      }),
      '"capable" has a different',
    ],
    'an opaque directory is not opaque': [
      layerWith({ opaque: rawTarEntry({ name: 'implied/deeper/', typeFlag: '5' }) }),
      'a different',
    ],
    'a whiteout is missing': [layerWith({ whiteout: Buffer.alloc(0) }), '"d/gone" is missing'],
    'a directory is a symlink': [
      layerWith({ opaque: rawTarEntry({ name: 'implied', typeFlag: '2', linkName: '/' }) }),
      'instead of a directory',
    ],
  };
  test.each(Object.entries(forgeries))('is rejected when %s', async (_, [tar, reason]) => {
    const pack = await makePack(directory.path, [honest]);
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    const file = await forgePack(directory.path, layer.diffId, tar);
    await expect(check(pack, file)).rejects.toMatchObject({
      code: 'PACK_INVALID',
      message: expect.stringContaining(reason),
      details: { diffId: layer.diffId },
    });
  });

  test('is rejected when two files are exchanged along with the tar-split', async () => {
    const pack = await makePack(directory.path, [honest]);
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    const swapped = layerWith({
      a: rawTarEntry({
        name: 'd/a',
        content: text('content of b'),
        mode: 0o4755,
        uid: 70_000,
        gid: 3_000_000,
      }),
      b: rawTarEntry({ name: 'd/b', content: text('content of a') }),
    });
    const file = await forgePack(directory.path, layer.diffId, swapped);
    const lines = gunzipSync(await pack.tarSplit()).toString();
    const exchange = { '"d/a"': '"d/b"', '"d/b"': '"d/a"' } as const;
    const split = lines.replaceAll(/"d\/[ab]"/g, (name) =>
      name === '"d/a"' ? exchange['"d/a"'] : exchange['"d/b"'],
    );
    await expect(check(pack, file, gzipSync(split))).rejects.toMatchObject({
      code: 'PACK_INVALID',
      message: expect.stringContaining('different content'),
    });
  });

  test('is rejected when it is a different tar', async () => {
    const other = tarOf(rawTarEntry({ name: 'other', content: text('other') }));
    const pack = await makePack(directory.path, [other]);
    const [layer] = pack.layers;
    if (layer === undefined) throw new Error('layer not found');
    const [real] = (await makePack(directory.path, [honest])).layers;
    if (real === undefined) throw new Error('layer not found');
    const { diffId } = real;
    const file = await forgePack(directory.path, diffId, other);
    const forged = { ...pack, file, layers: [{ ...layer, diffId }] };
    await expect(check(forged)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('is rejected cleanly when any byte of the tables is changed', async () => {
    const pack = await makePack(directory.path, [tarOf(entries.a, entries.soft, entries.capable)]);
    const bytes = await readFile(pack.file);
    const random = createRandom(11);
    const outcomes = new Set<string>();
    for (let turn = 0; turn < 40; turn += 1) {
      const damaged = Buffer.from(bytes);
      const [at = 0, flip = 0] = new Uint32Array(random.bytes(8).slice().buffer);
      const position = at % damaged.length;
      damaged[position] = (damaged[position] ?? 0) ^ (1 + (flip % 255));
      const file = join(directory.path, 'damaged');
      await writeFile(file, damaged);
      outcomes.add(await check(pack, file).then(() => 'whole', codeOf));
    }
    expect(
      [...outcomes].filter((outcome) => !['whole', 'PACK_INVALID', 'DIGEST_MISMATCH'].includes(outcome)),
    ).toEqual([]);
  });
});

function codeOf(error: unknown): string {
  return isDrayError(error) ? error.code : 'not expected';
}
