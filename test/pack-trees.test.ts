import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chainIds } from '@drayage/core/image';
import { createDirectoryBlobStore } from '@drayage/core/bundle';
import { digestOf, hexOf } from '@drayage/core';
import type { BlobStore, Digest } from '@drayage/core';
import type { PackFilesystem, PackedLayer } from '@drayage/core/bundle';
import { createPackReader, createPackWriter } from '@drayage/pack';

import { startEngine, type EngineVariant, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { nastyLayers, pushTars, realLayer, type TarLayer } from './support/nasty-layers.ts';
import { erofsPrograms, mountFile, type Mounted } from './support/packs.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { treeEntries, treeTar } from './support/trees.ts';

const filesystems: readonly PackFilesystem[] =
  erofsPrograms() === undefined ? ['squashfs'] : ['squashfs', 'erofs'];
const programs = ['mksquashfs', 'unsquashfs', 'mount', 'tar'];
const realPaths = ['etc', 'usr/share/zoneinfo', 'usr/sbin'];

interface MadePack {
  readonly file: string;
  readonly filesystem: PackFilesystem;
  readonly layers: readonly PackedLayer[];
  readonly mounted: Mounted;
}

const variants: readonly EngineVariant[] = [
  { name: '20.10', imageStore: 'classic' },
  { name: '28.5', imageStore: 'classic' },
];

describeWith({ registry: true, programs, root: true }, 'packs', () => {
  let registry: TestRegistry;
  let folder: string;
  let image: string;
  let layers: readonly TarLayer[];
  let since: Date;
  let blobs: BlobStore;
  const packs = new Map<PackFilesystem, MadePack>();

  beforeAll(async () => {
    folder = makeFolder();
    registry = await startRegistry();
    since = new Date();
    layers = [...nastyLayers(), await realLayer(folder, realPaths)];
    image = await pushTars(registry, 'nasty/layers:1', layers);
    for (const filesystem of filesystems) packs.set(filesystem, await makePack(folder, filesystem, layers));
    blobs = createDirectoryBlobStore(join(folder, 'bundle'));
  });

  afterAll(async () => {
    for (const { mounted } of packs.values()) await mounted.unmount();
    await registry.stop();
    await removeFolder(folder);
  });

  const packOf = (filesystem: PackFilesystem): MadePack => {
    const pack = packs.get(filesystem);
    if (pack === undefined) throw new Error(`there is no pack in ${filesystem}`);
    return pack;
  };
  const layerAt = (position: number): TarLayer => {
    const layer = layers[position];
    if (layer === undefined) throw new Error(`there is no layer ${String(position)}`);
    return layer;
  };

  test.each(filesystems)('in the format %s give every tar back, byte for byte', async (filesystem) => {
    const { file, layers: packed } = packOf(filesystem);
    expect(packed).toHaveLength(layers.length);
    const reader = createPackReader({ ...erofsPrograms(), env: process.env });
    for (const [position, layer] of packed.entries()) {
      const tarSplit = await blobs.open(layer.tarSplit);
      const request = { file, filesystem, layer, packLayers: packed, tarSplit, workDir: folder };
      const chunks: Uint8Array[] = [];
      for await (const chunk of await reader.openLayer(request)) chunks.push(chunk);
      expect(hashOf(Buffer.concat(chunks))).toBe(hashOf(layerAt(position).tar));
    }
  });

  test.each(filesystems)('in the format %s are found to be what their diffIds say', async (filesystem) => {
    const { file, layers: packed } = packOf(filesystem);
    const reader = createPackReader({ ...erofsPrograms(), env: process.env });
    for (const layer of packed) {
      const tarSplit = await blobs.open(layer.tarSplit);
      const request = {
        file,
        filesystem,
        layer,
        packLayers: packed,
        tarSplit,
        workDir: folder,
      };
      await expect(reader.checkLayer(request)).resolves.toBeUndefined();
    }
  });

  const titles = [...nastyLayers().map(({ title }) => title), 'real files'];
  const titled = titles.map((title, position) => [title, position] as const);

  for (const variant of variants) {
    describeWith({ engine: variant }, `beside engine ${variant.name}`, () => {
      let engine: TestEngine;

      beforeAll(async () => {
        engine = await startEngine(variant);
        await engine.docker(['pull', image]);
      });

      afterAll(() => engine.stop());

      const placeOf = (position: number): EngineLayer => {
        const place = engineLayers(engine, layers)[position];
        if (place === undefined) throw new Error(`the engine has no layer ${String(position)}`);
        return place;
      };

      describe.each(filesystems)('a pack in the format %s', (filesystem) => {
        test.each(titled)('has the tree that the engine extracts: %s', async (_, position) => {
          const { tar } = layerAt(position);
          // Squashfs has whole seconds.
          const isExact = filesystem === 'erofs';
          const { path } = packOf(filesystem).mounted;
          const ours = await treeTar(join(path, hexOf(digestOf(tar))), since, isExact);
          const theirs = await treeTar(placeOf(position).tree, since, isExact);
          expect(await treeEntries(ours)).toEqual(await treeEntries(theirs));
          expect(hashOf(ours)).toBe(hashOf(theirs));
        });

        test('counts the size of a layer as the engine does', () => {
          const sizes = engineLayers(engine, layers).map(({ dir }) =>
            Number(readFileSync(join(dir, 'size'), 'utf8')),
          );
          expect(packOf(filesystem).layers.map(({ size }) => size)).toEqual(sizes);
        });
      });

      test.each(titled)('the tar-split is the one that the engine keeps: %s', async (_, position) => {
        const layer = packOf('squashfs').layers[position];
        if (layer === undefined) throw new Error('there is no such layer');
        const kept = readFileSync(join(placeOf(position).dir, 'tar-split.json.gz'));
        const ours = await linesOf(await blobs.open(layer.tarSplit));
        const theirs = await linesOf(Readable.from([kept]));
        if (layerAt(position).engineKeepsTar) expect(ours).toEqual(theirs);
        else expect(ours.length).toBeGreaterThanOrEqual(theirs.length);
      });
    });
  }
});

interface EngineLayer {
  /** In the layer database. */
  readonly dir: string;
  /** What overlay2 has extracted. */
  readonly tree: string;
}

function engineLayers({ dataRoot }: TestEngine, layers: readonly TarLayer[]): readonly EngineLayer[] {
  const diffIds: readonly Digest[] = layers.map(({ tar }) => digestOf(tar));
  return chainIds(diffIds).map((chainId) => {
    const dir = join(dataRoot, 'image/overlay2/layerdb/sha256', hexOf(chainId));
    return { dir, tree: join(dataRoot, 'overlay2', readFileSync(join(dir, 'cache-id'), 'utf8'), 'diff') };
  });
}

async function makePack(
  folder: string,
  filesystem: PackFilesystem,
  layers: readonly TarLayer[],
): Promise<MadePack> {
  const file = join(folder, filesystem);
  const sources = layers.map(({ tar }) => ({
    diffId: digestOf(tar),
    layer: { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf(tar), size: tar.length },
    open: () => Promise.resolve(Readable.from([tar])),
  }));
  const ingest = createDirectoryBlobStore(join(folder, 'bundle'));
  const { mkfsErofs } = erofsPrograms() ?? {};
  const writer = createPackWriter({ env: process.env, ...(mkfsErofs === undefined ? {} : { mkfsErofs }) });
  const packed = await writer.write({ filesystem, layers: sources, file, ingest });
  await mkdir(`${file}.mounted`);
  return { file, filesystem, layers: packed, mounted: await mountFile(file, filesystem, `${file}.mounted`) };
}

async function linesOf(compressed: AsyncIterable<Uint8Array>): Promise<readonly string[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of compressed) chunks.push(chunk);
  const lines = gunzipSync(Buffer.concat(chunks)).toString().trimEnd().split('\n');
  // What follows the last entry comes in as many lines as the engine happened to read it in, with old engines
  // also in an empty one.
  const last = lines.findLastIndex((line) => line.startsWith('{"type":1'));
  const end = lines.slice(last + 1).map((line) => /"payload":"([^"]*)"/.exec(line)?.[1] ?? line);
  const rest = Buffer.concat(end.map((payload) => Buffer.from(payload, 'base64')));
  return [...lines.slice(0, last + 1), rest.toString('base64')];
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
