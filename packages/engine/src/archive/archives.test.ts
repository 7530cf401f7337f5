import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { digestOf } from '@drayage/core';
import { mediaTypes } from '@drayage/core/image';
import { zstdFrame } from '@drayage/core/testing';
import { readArchive } from '../testing/fake-engine.ts';
import { testImage } from '../testing/images.ts';
import { dockerArchiveEntries } from './docker-archive.ts';
import { ociLayoutEntries } from './oci-layout.ts';
import { blobPath, tarBytes } from './tar-bytes.ts';

const [base, middle, top] = [
  Buffer.from('base layer'),
  Buffer.from('middle layer'),
  Buffer.from('top layer'),
];

function parsed(bytes: Buffer | undefined): unknown {
  return JSON.parse(String(bytes));
}

describe('docker-archive', () => {
  const archiveOf = async (
    ...[source, readsZstd = true]: [Parameters<typeof dockerArchiveEntries>[0], boolean?]
  ) => readArchive(tarBytes(await dockerArchiveEntries(source, { readsZstd, gunzips: false })));

  test('names every layer and contains only those not omitted', async () => {
    const { image, openLayer } = testImage({ name: 'redis:7', layers: [base, middle, top] });
    const files = await archiveOf({ image, openLayer, omit: new Set([0, 1]) });
    const paths = image.layers.map((layer) => blobPath(layer.digest));
    expect(parsed(files.get('manifest.json'))).toEqual([
      { Config: blobPath(image.config.digest), RepoTags: ['redis:7'], Layers: paths },
    ]);
    expect([...files.keys()]).toEqual(['manifest.json', blobPath(image.config.digest), paths[2]]);
    expect(files.get(blobPath(image.config.digest))).toEqual(Buffer.from(image.configBytes));
  });

  test('contains a repeated layer once, even when one occurrence is omitted', async () => {
    const { image, openLayer } = testImage({ name: 'redis:7', layers: [base, top, base] });
    const files = await archiveOf({ image, openLayer, omit: new Set([0]) });
    expect([...files.keys()].slice(2).sort()).toEqual(
      [...new Set(image.layers.map((layer) => blobPath(layer.digest)))].sort(),
    );
  });

  test.each([
    ['no name', undefined, null],
    ['a digest and no tag', `redis@sha256:${'a'.repeat(64)}`, null],
    ['a digest and a tag', `ghcr.io/org/app:1@sha256:${'a'.repeat(64)}`, ['ghcr.io/org/app:1']],
  ])('of an image with %s has the right tags', async (_, name, tags) => {
    const source = testImage({ layers: [base], ...(name === undefined ? {} : { name }) });
    const files = await archiveOf({ ...source, omit: new Set() });
    expect(parsed(files.get('manifest.json'))).toMatchObject([{ RepoTags: tags }]);
  });

  test('contains zstd layers decompressed for engines that cannot read zstd', async () => {
    const stored = zstdFrame(Buffer.alloc(200_000, 'content'));
    const { image, openLayer } = testImage({
      name: 'a:1',
      layers: [stored],
      layerType: mediaTypes.ociLayerZstd,
    });
    const path = blobPath(image.layers[0]?.digest ?? image.config.digest);
    const old = await archiveOf({ image, openLayer, omit: new Set() }, false);
    expect(old.get(path)?.equals(Buffer.alloc(200_000, 'content'))).toBe(true);
    const recent = await archiveOf({ image, openLayer, omit: new Set() }, true);
    expect(recent.get(path)?.equals(stored)).toBe(true);
  });
});

describe('a layer that is named unlike its bytes', () => {
  test.each([
    ['zstd named gzip', mediaTypes.ociLayerGzip, zstdFrame(base), base],
    ['gzip named zstd', mediaTypes.ociLayerZstd, gzipSync(base), gzipSync(base)],
    ['three bytes named zstd', mediaTypes.ociLayerZstd, Buffer.from('abc'), Buffer.from('abc')],
  ] as const)('is sent as an old engine can read it: %s', async (_, layerType, stored, sent) => {
    const { image, openLayer } = testImage({ name: 'a:1', layers: [stored], layerType });
    const entries = await dockerArchiveEntries(
      { image, openLayer, omit: new Set() },
      { readsZstd: false, gunzips: false },
    );
    const files = await readArchive(tarBytes(entries));
    expect(files.get(blobPath(image.layers[0]?.digest ?? image.config.digest))).toEqual(sent);
  });
});

describe('OCI layout', () => {
  test('keeps index, manifest and config byte for byte, without omitted layers', async () => {
    const { image, openLayer } = testImage({ name: 'redis:7', layers: [base, top], isIndexed: true });
    const files = await readArchive(tarBytes(ociLayoutEntries({ image, openLayer, omit: new Set([0]) })));
    expect(parsed(files.get('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(files.get(blobPath(image.target.digest))).toEqual(Buffer.from(image.targetBytes));
    expect(files.get(blobPath(image.manifest.digest))).toEqual(Buffer.from(image.manifestBytes));
    expect(files.get(blobPath(image.config.digest))).toEqual(Buffer.from(image.configBytes));
    expect(files.size).toBe(6);
  });

  test('contains every index above the manifest', async () => {
    const { image, openLayer } = testImage({ name: 'redis:7', layers: [base], isIndexed: true });
    const bytes = Buffer.from('{"inner":1}');
    const inner = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.byteLength };
    const nested = { ...image, innerIndexes: [{ descriptor: inner, bytes }] };
    const entries = ociLayoutEntries({ image: nested, openLayer, omit: new Set() });
    expect((await readArchive(tarBytes(entries))).get(blobPath(inner.digest))).toEqual(bytes);
  });

  test('names the image canonically', async () => {
    const source = testImage({ name: 'redis:7', layers: [base] });
    const files = await readArchive(tarBytes(ociLayoutEntries({ ...source, omit: new Set() })));
    expect(parsed(files.get('index.json'))).toMatchObject({
      schemaVersion: 2,
      manifests: [
        {
          digest: source.image.target.digest,
          annotations: {
            'io.containerd.image.name': 'docker.io/library/redis:7',
            'org.opencontainers.image.ref.name': '7',
          },
        },
      ],
    });
  });

  test('names an image requested by digest by its digest', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const source = testImage({ name: `ghcr.io/org/app:1@${digest}`, layers: [base] });
    const files = await readArchive(tarBytes(ociLayoutEntries({ ...source, omit: new Set() })));
    expect(parsed(files.get('index.json'))).toMatchObject({
      manifests: [{ annotations: { 'io.containerd.image.name': `ghcr.io/org/app@${digest}` } }],
    });
  });

  test('has no annotations for an image without a name', async () => {
    const source = testImage({ layers: [base] });
    const files = await readArchive(tarBytes(ociLayoutEntries({ ...source, omit: new Set() })));
    expect(parsed(files.get('index.json'))).not.toHaveProperty('manifests.0.annotations');
  });
});
