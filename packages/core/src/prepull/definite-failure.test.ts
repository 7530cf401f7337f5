import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { RegistryError } from '../errors.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { createMemorySource } from '../testing/memory-source.ts';
import { randomImage, type RandomImage } from '../testing/random-image.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { prepullImages } from './prepull-images.ts';

test('the first layer that does not exist ends an image of 20,000 layers, and no other image', async () => {
  const directory = await temporaryDirectory();
  try {
    const whole = randomImage({ seed: 1 });
    const broken = withMissingLayers(randomImage({ seed: 2 }), 20_000);
    const images = new Map([
      ['registry.test/broken:1', broken],
      ['registry.test/whole:1', whole],
    ]);
    const source = createMemorySource(images);
    const missing = new Set(broken.layers.map(({ digest }) => digest));
    const asked: Digest[] = [];
    const from = {
      ...source,
      openBlob: async (...[reference, descriptor, options]: Parameters<typeof source.openBlob>) => {
        asked.push(descriptor.digest);
        if (!missing.has(descriptor.digest)) return source.openBlob(reference, descriptor, options);
        throw new RegistryError('REGISTRY_NOT_FOUND', 'cannot read it: it is not there', { status: 404 });
      },
    };
    const report = await prepullImages([...images.keys()], {
      from,
      to: join(directory.path, 'bundle'),
      platform: { os: 'linux', architecture: 'amd64' },
    });
    expect(report.images).toMatchObject([
      { reference: 'registry.test/broken:1', state: 'failed', error: { code: 'REGISTRY_NOT_FOUND' } },
      { reference: 'registry.test/whole:1', state: 'ready' },
    ]);
    expect(asked.filter((digest) => missing.has(digest)).length).toBeLessThanOrEqual(6);
  } finally {
    await directory.remove();
  }
});

/** An image whose manifest names layers that its repository does not have. */
function withMissingLayers(image: RandomImage, count: number): RandomImage {
  const layers = Array.from({ length: count }, (_, position) => {
    return { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(`layer ${String(position)}`), size: 1000 };
  });
  const { mediaType, digest, size } = image.config;
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType, digest, size },
    layers,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const target = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.byteLength };
  const blobs = new Map(image.blobs).set(target.digest, bytes);
  return { ...image, target, manifest: target, layers, blobs };
}
