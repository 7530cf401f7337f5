import { describe, expect, test } from '@jest/globals';
import type { BlobStore } from '../blob-store.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { digestOf } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { parseReference } from '../image/reference.ts';
import { rejectionCode } from '../testing/contracts/contract.ts';
import { createMemoryTransport } from '../testing/memory-transport.ts';
import { randomImage, randomIndex, type RandomImage, type RandomIndex } from '../testing/random-image.ts';
import type { Transport } from '../transport.ts';
import { emptyIndex, formatBundleIndex, withEntry, type BundleEntry } from './bundle-index.ts';
import { readHeldContent } from './held-content.ts';

const app = randomImage({ layers: 3, seed: 1 });
const docker = randomImage({ layers: 2, seed: 2, mediaTypes: 'docker' });

async function bundleOf(
  ...held: readonly (readonly [RandomImage | RandomIndex, BundleEntry])[]
): Promise<Transport> {
  const bundle = createMemoryTransport(new Map(held.flatMap(([{ blobs }]) => [...blobs])));
  const index = held.map(([, entry]) => entry).reduce(withEntry, emptyIndex);
  await bundle.documents.write('index.json', formatBundleIndex(index));
  return bundle;
}

function entryOf({ target }: RandomImage, name: string): BundleEntry {
  return { reference: parseReference(name), target, manifest: target };
}

describe('the content a bundle holds', () => {
  test('is empty before the first image', async () => {
    const held = await readHeldContent(createMemoryTransport());
    expect([held.layers.size, held.images]).toEqual([0, []]);
  });

  test('are layers by their diffIds, and whole images', async () => {
    const held = await readHeldContent(
      await bundleOf([app, entryOf(app, 'app:1')], [docker, entryOf(docker, 'd:1')]),
    );
    expect([...held.layers.keys()]).toEqual([...app.diffIds, ...docker.diffIds]);
    expect(held.layers.get(app.diffIds[1] ?? app.config.digest)).toEqual(app.layers[1]);
    expect(held.images).toMatchObject([
      { entry: { target: app.target, manifest: app.manifest }, config: app.config, layers: app.layers },
      { config: docker.config },
    ]);
  });

  test('is read once where indexes list the same index or manifest again and again', async () => {
    const blobs = new Map(app.blobs);
    let target: Descriptor = app.manifest;
    for (let level = 0; level < 3; level += 1) {
      const manifests = Array.from({ length: 200 }, () => target);
      const bytes = Buffer.from(
        JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
      );
      target = { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), size: bytes.length };
      blobs.set(target.digest, bytes);
    }
    const bundle = createMemoryTransport(blobs);
    await bundle.documents.write('index.json', formatBundleIndex(withEntry(emptyIndex, { target })));
    const held = await readHeldContent(bundle);
    expect(held.images.map(({ config }) => config)).toEqual([app.config]);
    expect([...held.layers.keys()]).toEqual(app.diffIds);
  });

  test('excludes an image that lacks a layer, but includes its other layers', async () => {
    const bundle = await bundleOf([app, entryOf(app, 'app:1')]);
    await remove(bundle.blobs, app.layers[0]);
    const held = await readHeldContent(bundle);
    expect(held.images).toEqual([]);
    expect([...held.layers.keys()]).toEqual(app.diffIds.slice(1));
  });

  test('skips images that cannot be read', async () => {
    const bundle = await bundleOf([app, entryOf(app, 'app:1')], [docker, entryOf(docker, 'd:1')]);
    await remove(bundle.blobs, app.manifest);
    expect((await readHeldContent(bundle)).images).toMatchObject([{ config: docker.config }]);
    await remove(bundle.blobs, docker.config);
    expect((await readHeldContent(bundle)).layers.size).toBe(0);
  });

  test('names the manifest of an index that is present', async () => {
    const index = randomIndex();
    const [amd] = index.images;
    const entry = {
      reference: parseReference('many:1'),
      target: index.target,
      ...(amd === undefined ? {} : { manifest: amd.manifest }),
    };
    const { images } = await readHeldContent(await bundleOf([index, entry]));
    expect(images).toMatchObject([
      { entry: { target: index.target, manifest: amd?.manifest }, config: amd?.config },
    ]);
  });

  test('cannot be read from a damaged index, or after an abort', async () => {
    const bundle = await bundleOf([app, entryOf(app, 'app:1')]);
    expect(await rejectionCode(readHeldContent(bundle, AbortSignal.abort()))).toBe('ABORTED');
    await bundle.documents.write('index.json', Buffer.from('{'));
    expect(await rejectionCode(readHeldContent(bundle))).toBe('BUNDLE_INVALID');
  });
});

async function remove(blobs: BlobStore, descriptor: Descriptor | undefined): Promise<void> {
  if (descriptor !== undefined) await blobs.delete(descriptor.digest);
}
