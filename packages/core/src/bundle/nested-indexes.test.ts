import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Descriptor } from '../image/descriptor.ts';
import { forPlatform } from '../image/manifest-choice.ts';
import { parsePlatform } from '../image/platform.ts';
import { parseReference } from '../image/reference.ts';
import { createDirectoryBlobStore } from '../store/directory-blob-store.ts';
import { createDirectoryDocumentStore } from '../store/directory-document-store.ts';
import { initLayout } from '../store/layout.ts';
import { rejectionOf, streamOf } from '../testing/contracts/contract.ts';
import { createMemoryBlobStore } from '../testing/memory-transport.ts';
import { nestImage, type NestedImage } from '../testing/nest-image.ts';
import { randomImage, randomIndex } from '../testing/random-image.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { formatBundleIndex, type BundleEntry } from './bundle-index.ts';
import { gcBundle } from './gc.ts';
import { readHeldContent } from './held-content.ts';
import { documentsIn, readImageContent, type ReadContent } from './image-content.ts';
import { inspectBundle } from './inspect.ts';
import { readImage } from './read-image.ts';
import { verifyBundle } from './verify.ts';

const reference = parseReference('ghcr.io/org/app:1');
const amd64 = parsePlatform('linux/amd64');
const arm64 = parsePlatform('linux/arm64');
const image = randomImage({ seed: 5 });
const other = randomImage({ seed: 6, platform: arm64 });
const depths = [1, 2, 3, 8];

function nested(depth: number, platform = depth % 2 === 0 ? amd64 : undefined): NestedImage {
  return nestImage(image, { depth, platform, others: [{ ...other.target, platform: arm64 }] });
}

function read({ blobs, target }: NestedImage, platform = amd64): Promise<ReadContent> {
  return readImageContent(target, {
    open: documentsIn(createMemoryBlobStore(blobs)),
    what: 'app:1',
    choice: forPlatform(platform, 'app:1'),
  });
}

describe('an image below nested indexes', () => {
  test.each(depths)('is found through %i of them, with all their bytes', async (depth) => {
    const { target, indexes, blobs } = nested(depth);
    const content = await read({ target, indexes, blobs });
    expect(content.manifest.digest).toBe(image.manifest.digest);
    expect([content.target, ...content.innerIndexes.map(({ descriptor }) => descriptor)]).toEqual(
      indexes.map((index) => expect.objectContaining({ digest: index.digest, size: index.size })),
    );
    expect(content.innerIndexes.map(({ bytes }) => bytes)).toEqual(
      indexes.slice(1).map(({ digest }) => blobs.get(digest)),
    );
  });

  test('is never one of another platform', async () => {
    const deep = nestImage(image, { depth: 3 });
    expect(await rejectionOf(read(deep, arm64))).toMatchObject({
      code: 'PLATFORM_NOT_FOUND',
      details: { available: ['linux/amd64'] },
    });
  });

  test('is refused where a ninth index follows, by name', async () => {
    expect(await rejectionOf(read(nested(9)))).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: 'cannot use app:1: its indexes are nested more than 8 deep, or in a circle',
    });
  });
});

describe('a bundle with an image below nested indexes', () => {
  let temporary: TemporaryDirectory;
  let dir: string;
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    dir = temporary.path;
    await initLayout(dir);
  });
  afterEach(() => temporary.remove());

  const manifest: Descriptor = { ...image.manifest, platform: amd64 };
  const parts = [image.manifest, image.config, ...image.layers];

  async function fill(held: NestedImage, blobs: readonly Descriptor[], entry: BundleEntry): Promise<void> {
    for (const descriptor of blobs) {
      const bytes = held.blobs.get(descriptor.digest) ?? new Uint8Array();
      await createDirectoryBlobStore(dir).put(descriptor, async (offset) => streamOf(bytes.subarray(offset)));
    }
    await createDirectoryDocumentStore(dir).write(
      'index.json',
      formatBundleIndex({ entries: [entry], packs: [] }),
    );
  }

  test.each(depths)('reads, verifies, inspects and keeps all of it, %i indexes deep', async (depth) => {
    const held = nested(depth);
    const entry = { reference, target: held.target, manifest };
    await fill(held, [...held.indexes, ...parts], entry);
    const blobs = createDirectoryBlobStore(dir);
    const found = await readImage(blobs, entry, amd64);
    expect(found.innerIndexes).toHaveLength(depth - 1);
    expect((await gcBundle(dir)).removed).toEqual([]);
    expect(await verifyBundle(dir)).toMatchObject({ ok: true, blobs: depth + parts.length });
    expect((await inspectBundle(dir)).images).toEqual([
      expect.objectContaining({ complete: true, manifestDigest: image.manifest.digest }),
    ]);
    const documents = createDirectoryDocumentStore(dir);
    expect((await readHeldContent({ blobs, documents })).images).toHaveLength(1);
  });

  test('that another tool made is read by platform, and keeps every index', async () => {
    const held = nested(3);
    await fill(held, [...held.indexes, ...parts], { name: 'latest', target: held.target });
    const blobs = createDirectoryBlobStore(dir);
    await expect(readImage(blobs, { target: held.target }, amd64)).resolves.toMatchObject({
      manifest: { digest: image.manifest.digest },
      innerIndexes: { length: 2 },
    });
    expect((await gcBundle(dir)).removed).toEqual([]);
    expect(await verifyBundle(dir)).toMatchObject({ ok: true });
  });

  test.each([1, 2])('reports the inner index number %i that is missing', async (position) => {
    const held = nested(3);
    const lost = held.indexes[position];
    const kept = held.indexes.filter((index) => index !== lost);
    await fill(held, [...kept, ...parts], { reference, target: held.target, manifest });
    const report = await verifyBundle(dir);
    expect(report.problems).toEqual([
      expect.objectContaining({ code: 'MANIFEST_INVALID', reference: 'ghcr.io/org/app:1' }),
    ]);
    expect((await inspectBundle(dir)).images).toEqual([expect.objectContaining({ complete: false })]);
  });

  test('is refused where its indexes do not lead to the manifest, or go too deep', async () => {
    const held = nested(2);
    const stranger = { ...other.target, platform: undefined };
    const blobs = createMemoryBlobStore(held.blobs);
    expect(
      await rejectionOf(readImage(blobs, { target: held.target, manifest: randomImage().manifest }, amd64)),
    ).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('does not lead to manifest'),
    });
    expect(
      await rejectionOf(readImage(blobs, { target: held.target, manifest: stranger }, amd64)),
    ).toMatchObject({ code: 'BLOB_MISSING' });
    const deep = nested(9);
    await fill(deep, [...deep.indexes, ...parts], { reference, target: deep.target });
    expect(await rejectionOf(gcBundle(dir))).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('more than 8 deep'),
    });
  });

  test('visits an index that is listed a thousand times at every level once', async () => {
    let held: NestedImage = nestImage(image, { depth: 1 });
    for (let level = 0; level < 7; level += 1) {
      const others = Array.from({ length: 1000 }, () => held.target);
      const next = nestImage(held, { depth: 1, others });
      held = { ...next, indexes: [...next.indexes, ...held.indexes] };
    }
    await fill(held, [...held.indexes, ...parts], { reference, target: held.target });
    expect(await verifyBundle(dir)).toMatchObject({ ok: true });
    expect((await gcBundle(dir)).removed).toEqual([]);
    const entry = { target: held.target, manifest: randomIndex({ seed: 9 }).target };
    expect(await rejectionOf(readImage(createMemoryBlobStore(held.blobs), entry, amd64))).toMatchObject({
      code: 'MANIFEST_INVALID',
    });
  });
});
