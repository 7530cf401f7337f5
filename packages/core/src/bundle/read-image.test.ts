import { describe, expect, test } from '@jest/globals';
import type { Descriptor } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { parseReference } from '../image/reference.ts';
import { rejectionCode, rejectionOf } from '../testing/contracts/contract.ts';
import { createMemoryBlobStore } from '../testing/memory-transport.ts';
import { randomImage, randomIndex } from '../testing/random-image.ts';
import type { BundleEntry } from './bundle-index.ts';
import { readBlobBytes } from './image-content.ts';
import { readImage } from './read-image.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };
const reference = parseReference('ghcr.io/org/app:1');

describe('an image in a bundle', () => {
  test.each(['oci', 'docker'] as const)(
    'with a single %s manifest is read completely, for any platform',
    async (flavour) => {
      const image = randomImage({ mediaTypes: flavour, platform: arm64, layers: 3 });
      const manifest = { ...image.manifest, platform: arm64 };
      const read = await readImage(
        createMemoryBlobStore(image.blobs),
        { reference, target: image.target, manifest },
        amd64,
      );
      expect(read).toEqual({
        reference,
        target: image.target,
        targetBytes: image.blobs.get(image.target.digest),
        innerIndexes: [],
        manifest: image.target,
        manifestBytes: image.blobs.get(image.target.digest),
        config: image.config,
        configBytes: image.blobs.get(image.config.digest),
        layers: image.layers,
        diffIds: image.diffIds,
      });
    },
  );

  test('from an index is the one for the platform', async () => {
    const index = randomIndex({ platforms: [arm64, amd64] });
    const read = await readImage(createMemoryBlobStore(index.blobs), { target: index.target }, amd64);
    expect(read.reference).toBeUndefined();
    expect(read.target).toEqual(index.target);
    expect(read.manifest).toEqual({ ...index.images[1]?.manifest, platform: amd64 });
    expect(read.diffIds).toEqual(index.images[1]?.diffIds);
  });

  test('from an index is the one that the entry lists', async () => {
    const index = randomIndex({ platforms: [arm64, amd64] });
    const manifest = withPlatform(index.images[1]?.manifest, amd64);
    const read = await readImage(
      createMemoryBlobStore(index.blobs),
      { target: index.target, manifest },
      amd64,
    );
    expect(read.manifest).toEqual(manifest);
  });

  test('is not used for another platform', async () => {
    const index = randomIndex({ platforms: [arm64, amd64] });
    const manifest = withPlatform(index.images[1]?.manifest, amd64);
    const blobs = createMemoryBlobStore(index.blobs);
    expect(await rejectionCode(readImage(blobs, { target: index.target, manifest }, arm64))).toBe(
      'PLATFORM_NOT_FOUND',
    );
    const s390x = { os: 'linux', architecture: 's390x' };
    expect(await rejectionCode(readImage(blobs, { target: index.target }, s390x))).toBe('PLATFORM_NOT_FOUND');
  });

  test('must be listed by its index', async () => {
    const index = randomIndex({ seed: 2 });
    const image = randomImage({ seed: 3 });
    const blobs = createMemoryBlobStore(new Map([...index.blobs, ...image.blobs]));
    const entry = { target: index.target, manifest: image.manifest };
    expect(await rejectionCode(readImage(blobs, entry, amd64))).toBe('MANIFEST_INVALID');
  });

  test('is read without its layers', async () => {
    const image = randomImage();
    const blobs = new Map(image.blobs);
    for (const layer of image.layers) blobs.delete(layer.digest);
    const read = await readImage(createMemoryBlobStore(blobs), { target: image.target }, amd64);
    expect(read.layers).toEqual(image.layers);
  });

  test.each(['target', 'config'] as const)('whose %s is missing fails with its name', async (part) => {
    const image = randomImage();
    const blobs = new Map(image.blobs);
    blobs.delete(image[part].digest);
    const failure = await rejectionOf(
      readImage(createMemoryBlobStore(blobs), { reference, target: image.target }, amd64),
    );
    expect(failure).toMatchObject({
      code: 'BLOB_MISSING',
      message: expect.stringContaining('ghcr.io/org/app:1'),
    });
  });

  test('with a corrupted manifest or config is refused with its name', async () => {
    const image = randomImage();
    for (const { digest } of [image.target, image.config]) {
      const blobs = new Map(image.blobs).set(digest, flipped(image.blobs.get(digest)));
      const failure = await rejectionOf(
        readImage(createMemoryBlobStore(blobs), { reference, target: image.target }, amd64),
      );
      expect(failure).toMatchObject({
        code: 'DIGEST_MISMATCH',
        message: expect.stringContaining('ghcr.io/org/app:1'),
      });
    }
  });

  test('with a manifest over 4 MiB is not read', async () => {
    const target = { ...randomImage().target, size: 4 * 1024 * 1024 + 1 };
    expect(await rejectionCode(readImage(createMemoryBlobStore(), { target }, amd64))).toBe(
      'MANIFEST_TOO_LARGE',
    );
  });

  test.each([
    [
      'an artifact',
      'MEDIA_TYPE_UNSUPPORTED',
      { layers: [{ ...emptyJson().descriptor, mediaType: 'application/x-helm' }] },
    ],
    [
      'fewer diffIds than layers',
      'MANIFEST_INVALID',
      { layers: [{ ...emptyJson().descriptor, mediaType: mediaTypes.ociLayer }] },
    ],
    ['layers that are no list', 'MANIFEST_INVALID', { layers: {} }],
  ])('that is %s is refused, by name', async (_, code, change) => {
    const config = blobOf({ rootfs: { type: 'layers', diff_ids: [] } }, mediaTypes.ociConfig);
    const manifest = blobOf(
      { schemaVersion: 2, config: config.descriptor, ...change },
      mediaTypes.ociManifest,
    );
    const blobs = createMemoryBlobStore(new Map([entryOf(config), entryOf(manifest), entryOf(emptyJson())]));
    const entry: BundleEntry = { reference, target: manifest.descriptor };
    expect(await rejectionOf(readImage(blobs, entry, amd64))).toMatchObject({
      code,
      message: expect.stringContaining('ghcr.io/org/app:1'),
    });
  });
});

describe('the bytes of a small blob', () => {
  test('are the stored bytes', async () => {
    const { descriptor, bytes } = blobOf({ a: 1 }, 'x');
    expect(
      await readBlobBytes(createMemoryBlobStore(new Map([[descriptor.digest, bytes]])), descriptor, 'it'),
    ).toEqual(bytes);
  });

  test('must have the descriptor’s size', async () => {
    const { descriptor, bytes } = blobOf({ a: 1 }, 'x');
    const blobs = createMemoryBlobStore(new Map([[descriptor.digest, bytes]]));
    for (const size of [descriptor.size - 1, descriptor.size + 1]) {
      expect(await rejectionCode(readBlobBytes(blobs, { ...descriptor, size }, 'it'))).toBe('SIZE_MISMATCH');
    }
  });
});

interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

function blobOf(value: unknown, mediaType: string): Blob {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.byteLength } };
}

function emptyJson(): Blob {
  return blobOf({}, 'application/json');
}

function entryOf({ descriptor, bytes }: Blob): [Digest, Uint8Array] {
  return [descriptor.digest, bytes];
}

function withPlatform(descriptor: Descriptor | undefined, platform: Descriptor['platform']): Descriptor {
  if (descriptor === undefined || platform === undefined) throw new Error('no descriptor');
  return { ...descriptor, platform };
}

function flipped(bytes: Uint8Array | undefined): Uint8Array {
  return Uint8Array.from(bytes ?? [], (byte, position) => (position === 5 ? byte ^ 1 : byte));
}
