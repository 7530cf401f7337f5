import { describe, expect, test } from '@jest/globals';
import { chainIds, mediaTypes } from '@drayage/core/image';
import { digestOf, parseReference } from '@drayage/core';
import type { Descriptor, LoadableImage } from '@drayage/core';
import { imageBlobs, layerBlobs, withLabels } from './image-content.ts';
import type { NamedImage, Images } from '../containerd/images.ts';
import { danglingName, imageName, nameImage } from './name-image.ts';

const layerNames = ['base', 'app'];
const describeBytes = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});

function imageNamed(reference: string | undefined, index = false): LoadableImage {
  const configBytes = Buffer.from('{"config":1}');
  const manifestBytes = Buffer.from('{"manifest":1}');
  const manifest = describeBytes(mediaTypes.ociManifest, manifestBytes);
  const other = { ...describeBytes(mediaTypes.ociManifest, Buffer.from('arm')), size: 3 };
  const indexBytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [other, manifest] }),
  );
  return {
    reference: reference === undefined ? undefined : parseReference(reference),
    target: index ? describeBytes(mediaTypes.ociIndex, indexBytes) : manifest,
    targetBytes: index ? indexBytes : manifestBytes,
    innerIndexes: [],
    ...{ manifest, manifestBytes, configBytes, config: describeBytes(mediaTypes.ociConfig, configBytes) },
    layers: layerNames.map((name) => describeBytes(mediaTypes.ociLayerGzip, Buffer.from(`gzip ${name}`))),
    diffIds: layerNames.map((name) => digestOf(name)),
  };
}

describe('the blobs of an image', () => {
  test('keep its snapshots, config and layers by the same labels as a pull', () => {
    const image = imageNamed('redis:7');
    const [config, manifest, ...more] = imageBlobs([image], 'overlayfs');
    const source = { 'containerd.io/distribution.source.docker.io': 'library/redis' };
    expect(more).toEqual([]);
    expect(config?.labels).toEqual({
      'containerd.io/gc.ref.snapshot.overlayfs': chainIds(image.diffIds)[1],
      ...source,
    });
    expect(manifest?.labels).toEqual({
      'containerd.io/gc.ref.content.config': image.config.digest,
      'containerd.io/gc.ref.content.l.0': image.layers[0]?.digest,
      'containerd.io/gc.ref.content.l.1': image.layers[1]?.digest,
      ...source,
    });
  });

  test('of an index label the manifest of every platform by its position', () => {
    const image = imageNamed('ghcr.io/org/app:1', true);
    const index = imageBlobs([image], 'overlayfs')[2];
    expect(index?.blob.digest).toBe(image.target.digest);
    expect(index?.labels).toMatchObject({
      'containerd.io/gc.ref.content.m.0': digestOf('arm'),
      'containerd.io/gc.ref.content.m.1': image.manifest.digest,
    });
  });

  test('of nested indexes label what the next one down is', () => {
    const image = imageNamed('ghcr.io/org/app:1', true);
    const above = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [image.target] };
    const bytes = Buffer.from(JSON.stringify(above));
    const inner = { descriptor: image.target, bytes: image.targetBytes };
    const target = describeBytes(mediaTypes.ociIndex, bytes);
    const [, , top, below] = imageBlobs(
      [{ ...image, target, targetBytes: bytes, innerIndexes: [inner] }],
      'overlayfs',
    );
    expect([top?.blob.digest, below?.blob.digest]).toEqual([target.digest, image.target.digest]);
    expect(top?.labels).toMatchObject({ 'containerd.io/gc.ref.content.m.0': image.target.digest });
    expect(below?.labels).toMatchObject({ 'containerd.io/gc.ref.content.m.1': image.manifest.digest });
  });

  test('that several images share are written once, with the sources of all images', () => {
    const images = [imageNamed('a:1'), imageNamed('b:1')];
    const layers = layerBlobs(images);
    expect(imageBlobs(images, 'overlayfs')).toHaveLength(2);
    expect(layers.map(({ blob }) => blob)).toEqual(images[0]?.layers);
    expect(layers[0]?.labels).toEqual({
      'containerd.io/uncompressed': digestOf('base'),
      'containerd.io/distribution.source.docker.io': 'library/a,library/b',
    });
  });

  test('of an image without a name have no source', () => {
    expect(Object.keys(layerBlobs([imageNamed(undefined)])[0]?.labels ?? {})).toEqual([
      'containerd.io/uncompressed',
    ]);
  });

  test('that exist keep their other labels', () => {
    const known = { other: 'x', 'containerd.io/distribution.source.docker.io': 'library/a' };
    expect(
      withLabels(known, { 'containerd.io/distribution.source.docker.io': 'library/a', new: 'y' }),
    ).toEqual({ ...known, new: 'y' });
  });
});

describe('the name of an image', () => {
  const names = (...held: NamedImage[]): Images & { readonly held: Map<string, NamedImage> } => {
    const map = new Map(held.map((image) => [image.name, image]));
    return {
      held: map,
      get: (name) => Promise.resolve(map.get(name)),
      list: () => Promise.resolve([...map.values()]),
      create: (image) => {
        if (map.has(image.name)) return Promise.resolve(false);
        map.set(image.name, image);
        return Promise.resolve(true);
      },
      update: (image) => {
        map.set(image.name, image);
        return Promise.resolve();
      },
      delete: (name) => {
        map.delete(name);
        return Promise.resolve();
      },
    };
  };

  test('is complete; it has no tag beside a digest; without a reference it is dangling', () => {
    const digest = digestOf('x');
    expect(imageName(imageNamed('redis:7'))).toBe('docker.io/library/redis:7');
    expect(imageName(imageNamed(`redis:7@${digest}`))).toBe(`docker.io/library/redis@${digest}`);
    const nameless = imageNamed(undefined);
    expect(imageName(nameless)).toBe(danglingName(nameless.target));
  });

  test('moves from another image, which becomes dangling', async () => {
    const image = imageNamed('redis:7');
    const target = describeBytes(mediaTypes.ociManifest, Buffer.from('before'));
    const images = names({ name: 'docker.io/library/redis:7', target, labels: { a: 'b' } });
    await nameImage(images, image);
    expect(images.held.get('docker.io/library/redis:7')?.target).toEqual(image.target);
    expect(images.held.get(danglingName(target))?.target).toEqual(target);
  });

  test('that the image already has stays unchanged', async () => {
    const image = imageNamed('redis:7');
    const images = names();
    await nameImage(images, image);
    await nameImage(images, image);
    expect([...images.held.keys()]).toEqual(['docker.io/library/redis:7']);
  });
});
