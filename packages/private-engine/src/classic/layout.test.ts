import { chainIds } from '@drayage/core/image';
import { digestOf, hexOf, parseReference } from '@drayage/core';
import type { Descriptor, Digest, LoadableImage } from '@drayage/core';
import type { MountablePack, PackedLayer } from '@drayage/core/bundle';
import { describe, expect, test } from '@jest/globals';
import { cacheId, linkName } from './layer-entries.ts';
import { classicLayout } from './layout.ts';

const base = digestOf('base');
const top = digestOf('top');
const empty = digestOf('empty');

function descriptor(name: string, mediaType = 'application/octet-stream'): Descriptor {
  return { mediaType, digest: digestOf(name), size: name.length };
}

function packed(diffId: Digest, entries: number, size: number): PackedLayer {
  return { diffId, entries, size, tarSize: size + 1024, tarSplit: descriptor(`split of ${diffId}`) };
}

function image(name: string, diffIds: readonly Digest[]): LoadableImage {
  const manifest = descriptor(`manifest of ${name}`);
  return {
    reference: parseReference(name),
    ...{
      target: manifest,
      targetBytes: Buffer.from('{}'),
      innerIndexes: [],
      manifest,
      manifestBytes: Buffer.from('{}'),
    },
    config: descriptor(`config of ${name}`),
    configBytes: Buffer.from(`config of ${name}`),
    layers: diffIds.map((diffId) => descriptor(`gzip of ${diffId}`)),
    diffIds,
  };
}

const pack: MountablePack = {
  file: '/bundle/pack',
  pack: {
    ...{ manifest: descriptor('m'), config: descriptor('c'), image: descriptor('i'), filesystem: 'squashfs' },
    layers: [packed(base, 3, 100), packed(top, 1, 7), packed(empty, 0, 0)],
  },
};

function layout(...images: readonly LoadableImage[]): ReturnType<typeof classicLayout> {
  return classicLayout({ driver: 'overlay2', images, packs: [pack], mountPoint: () => '/packs/1' });
}

/** The text, link target or blob digest at each path. */
function tree(...images: readonly LoadableImage[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    layout(...images).entries.map((entry) => {
      switch (entry.kind) {
        case 'directory':
          return [entry.path, 'directory'];
        case 'text':
          return [entry.path, entry.text];
        case 'bytes':
          return [entry.path, Buffer.from(entry.bytes).toString()];
        case 'blob':
          return [entry.path, entry.blob.digest];
        case 'link':
          return [entry.path, `-> ${entry.target}`];
      }
    }),
  );
}

describe('a data-root laid out on a pack', () => {
  const redis = image('redis:7', [base, top]);
  const [first = base, second = base] = chainIds([base, top]);
  const files = tree(redis);

  test('has each layer in the layer database, with size and tar-split', () => {
    const db = `image/overlay2/layerdb/sha256/${hexOf(second)}`;
    expect(files).toMatchObject({
      [`${db}/diff`]: top,
      [`${db}/parent`]: first,
      [`${db}/size`]: '7',
      [`${db}/cache-id`]: cacheId(second),
      [`${db}/tar-split.json.gz`]: digestOf(`split of ${top}`),
    });
    expect(files[`image/overlay2/layerdb/sha256/${hexOf(first)}/parent`]).toBeUndefined();
  });

  test('has a link to the tree of each layer, and lists the lower layers', () => {
    expect(files).toMatchObject({
      [`overlay2/${cacheId(first)}/diff`]: `-> /packs/1/${hexOf(base)}`,
      [`overlay2/${cacheId(second)}/diff`]: `-> /packs/1/${hexOf(top)}`,
      [`overlay2/${cacheId(second)}/lower`]: `l/${linkName(first)}`,
      [`overlay2/${cacheId(second)}/link`]: linkName(second),
      [`overlay2/${cacheId(second)}/work`]: 'directory',
      [`overlay2/l/${linkName(second)}`]: `-> ../${cacheId(second)}/diff`,
    });
    expect(files[`overlay2/${cacheId(first)}/lower`]).toBeUndefined();
    expect(linkName(first)).toMatch(/^[A-Z2-7]{26}$/);
  });

  test('knows the image by tag and by requested digest', () => {
    expect(files[`image/overlay2/imagedb/content/sha256/${hexOf(redis.config.digest)}`]).toBe(
      'config of redis:7',
    );
    expect(JSON.parse(files['image/overlay2/repositories.json'] ?? '')).toEqual({
      Repositories: {
        redis: {
          'redis:7': redis.config.digest,
          [`redis@${redis.target.digest}`]: redis.config.digest,
        },
      },
    });
  });

  test('lets a later pull recognise its layers', () => {
    const dir = 'image/overlay2/distribution';
    const digest = digestOf(`gzip of ${base}`);
    expect(files[`${dir}/diffid-by-digest/sha256/${hexOf(digest)}`]).toBe(base);
    expect(JSON.parse(files[`${dir}/v2metadata-by-diffid/sha256/${hexOf(base)}`] ?? '')).toEqual([
      { Digest: digest, SourceRepository: 'docker.io/library/redis', HMAC: '' },
    ]);
  });

  test('has a shared layer once', () => {
    const both = layout(redis, image('mysql:8', [base])).entries.map(({ path }) => path);
    expect(new Set(both).size).toBe(both.length);
  });

  test('has a real directory for the empty layer, which an image may repeat', () => {
    const { images, refused } = layout(image('x:1', [base, empty, top, empty]));
    expect([images.length, refused.length]).toEqual([1, 0]);
    const chain = chainIds([base, empty, top, empty]);
    for (const chainId of [chain[1] ?? base, chain[3] ?? base])
      expect(tree(image('x:1', [base, empty, top, empty]))[`overlay2/${cacheId(chainId)}/diff`]).toBe(
        'directory',
      );
  });

  test('leaves out images with repeated or missing layers', () => {
    const { images, refused } = layout(redis, image('x:1', [base, top, base]), image('y:1', [digestOf('z')]));
    expect(images).toEqual([redis]);
    expect(refused.map(({ image: { reference } }) => reference?.repository)).toEqual([
      'library/x',
      'library/y',
    ]);
  });
});
