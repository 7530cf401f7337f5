import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { RegistryError } from '../errors.ts';
import { fixedImage } from '../image-set/prepull-image.ts';
import { parseReference } from '../image/reference.ts';
import type { Source } from '../source.ts';
import { createMemoryBlobStore } from '../testing/memory-transport.ts';
import { randomImage, randomIndex, type RandomImage, type RandomIndex } from '../testing/random-image.ts';
import { planPrepull, type PlanRequest } from './plan.ts';

const linuxAmd64 = { os: 'linux', architecture: 'amd64' };
const linuxArm64 = { os: 'linux', architecture: 'arm64' };

/** Serves generated content by repository, and records which blobs were opened. */
function sourceOf(
  images: Readonly<Record<string, RandomImage | RandomIndex>>,
): Source & { readonly opened: string[] } {
  const opened: string[] = [];
  const find = (repository: string): RandomImage | RandomIndex => {
    const found = images[repository];
    if (found !== undefined) return found;
    throw new RegistryError('REGISTRY_NOT_FOUND', `cannot find ${repository}`, { status: 404 });
  };
  return {
    opened,
    resolve: async ({ repository }) => find(repository).target,
    fetchManifest: async ({ repository }, { digest }) =>
      find(repository).blobs.get(digest) ?? new Uint8Array(),
    async openBlob({ repository }, { digest }) {
      opened.push(digest);
      return Readable.from([find(repository).blobs.get(digest) ?? new Uint8Array()]);
    },
    close: () => Promise.resolve(),
  };
}

function request(
  source: Source,
  names: readonly string[],
  parts: Partial<PlanRequest<string>> = {},
): PlanRequest<string> {
  const images = names.map((name) => fixedImage(parseReference(`r.test/${name}`)));
  return { images, platform: linuxAmd64, source, blobs: createMemoryBlobStore(), concurrency: 2, ...parts };
}

describe('the plan of a pre-pull', () => {
  test('lists what would be fetched without opening a layer', async () => {
    const image = randomImage({ layers: 3 });
    const source = sourceOf({ app: image });
    const plan = await planPrepull(request(source, ['app:1']));
    const bytes = [image.manifest, image.config, ...image.layers].reduce((sum, { size }) => sum + size, 0);
    expect(plan.images).toMatchObject([
      {
        reference: 'r.test/app:1',
        state: 'found',
        digest: image.target.digest,
        manifestDigest: image.manifest.digest,
        configDigest: image.config.digest,
        platform: 'linux/amd64',
        layers: 3,
        bytes,
        bytesInBundle: 0,
        bytesToFetch: bytes,
      },
    ]);
    expect(plan).toMatchObject({ bytes, bytesInBundle: 0, bytesToFetch: bytes });
    expect(source.opened).toEqual([image.config.digest]);
  });

  test('counts what the bundle has without requesting it', async () => {
    const image = randomImage();
    const blobs = createMemoryBlobStore();
    for (const descriptor of [image.config, ...image.layers.slice(0, 1)]) {
      await blobs.put(descriptor, async () => Readable.from([image.blobs.get(descriptor.digest) ?? '']));
    }
    const source = sourceOf({ app: image });
    const plan = await planPrepull(request(source, ['app:1'], { blobs }));
    expect(plan.bytesInBundle).toBe(image.config.size + (image.layers[0]?.size ?? 0));
    expect(plan.bytesToFetch).toBe(plan.bytes - plan.bytesInBundle);
    expect(source.opened).toEqual([]);
  });

  test('counts shared blobs once', async () => {
    const image = randomImage();
    const plan = await planPrepull(request(sourceOf({ app: image, copy: image }), ['app:1', 'copy:1']));
    expect(plan.bytes).toBe(plan.images[0]?.bytes);
  });

  test('chooses the platform', async () => {
    const index = randomIndex({ platforms: [linuxAmd64, linuxArm64] });
    const source = sourceOf({ app: index });
    const plan = await planPrepull(request(source, ['app:1'], { platform: linuxArm64 }));
    expect(plan.images).toMatchObject([
      {
        digest: index.target.digest,
        manifestDigest: index.images[1]?.manifest.digest,
        platform: 'linux/arm64',
      },
    ]);
    const missing = await planPrepull(
      request(source, ['app:1'], { platform: { os: 'linux', architecture: 'riscv64' } }),
    );
    expect(missing.images).toMatchObject([{ state: 'failed', error: { code: 'PLATFORM_NOT_FOUND' } }]);
  });

  test('reports missing images: a required one fails, an optional one is skipped', async () => {
    const source = sourceOf({ app: randomImage() });
    const [app, none, maybe] = ['app', 'none', 'maybe'].map((name) => parseReference(`r.test/${name}`));
    const images = [app, none, maybe].flatMap((reference) =>
      reference === undefined ? [] : [fixedImage(reference, reference === maybe)],
    );
    const plan = await planPrepull(request(source, [], { images }));
    expect(plan.images.map(({ state }) => state)).toEqual(['found', 'failed', 'skipped']);
  });

  test('includes the delivery of each image', async () => {
    const source = sourceOf({ app: randomImage() });
    const planDelivery = async (image: { readonly layers: readonly unknown[] }): Promise<string> =>
      `load ${image.layers.length} layers`;
    const plan = await planPrepull(request(source, ['app:1'], { planDelivery }));
    expect(plan.images).toMatchObject([{ delivery: 'load 2 layers' }]);
  });

  test('ends when aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(planPrepull(request(sourceOf({}), ['app:1'], { signal }))).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});
