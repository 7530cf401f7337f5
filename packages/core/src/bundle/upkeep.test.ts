import { mkdir, readdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Descriptor } from '../image/descriptor.ts';
import { hexOf } from '../image/digest.ts';
import { formatPlatform } from '../image/platform.ts';
import { parseReference } from '../image/reference.ts';
import { createDirectoryBlobStore } from '../store/directory-blob-store.ts';
import { createDirectoryDocumentStore } from '../store/directory-document-store.ts';
import { formatWithChecksum } from '../store/document-checksum.ts';
import { blobPath, ingestDirectory, initLayout } from '../store/layout.ts';
import { ownedName, ownerlessName } from '../store/owner.ts';
import { rejectionCode, rejectionOf, sampleBlob, streamOf } from '../testing/contracts/contract.ts';
import { randomImage, randomIndex, type RandomImage } from '../testing/random-image.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { formatBundleIndex, type BundleEntry } from './bundle-index.ts';
import { checkNotBusy } from './busy.ts';
import { gcBundle } from './gc.ts';
import { inspectBundle } from './inspect.ts';
import { verifyBundle } from './verify.ts';

const redis = randomImage({ seed: 1, layers: 3 });
const index = randomIndex({
  seed: 2,
  platforms: [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 's390x' },
  ],
});
const chosen = imageAt(1);
const stray = sampleBlob(1000);

let temporary: TemporaryDirectory;
let dir: string;
beforeEach(async () => {
  temporary = await temporaryDirectory();
  dir = temporary.path;
  await initLayout(dir);
  await store(redis, partsOf(redis));
  await store(index, [index.target, ...partsOf(chosen)]);
  await write([
    { reference: parseReference('redis:7'), target: redis.target, manifest: redis.manifest },
    {
      reference: parseReference('ghcr.io/org/app:1'),
      target: index.target,
      manifest: { ...chosen.manifest, platform: chosen.platform },
    },
  ]);
});
afterEach(() => temporary.remove());

describe('inspecting a bundle', () => {
  test('reports its images, blobs and bytes', async () => {
    const parts = [...partsOf(redis), index.target, ...partsOf(chosen)];
    expect(await inspectBundle(dir)).toEqual({
      packs: [],
      images: [
        describeImage('redis:7', redis, redis.target),
        describeImage('ghcr.io/org/app:1', chosen, index.target),
      ],
      blobs: parts.length,
      bytes: bytesOfAll(parts),
    });
  });

  test('reports each platform in a foreign bundle', async () => {
    await store(index, partsOf(imageAt(0)));
    await write([{ name: 'latest', target: index.target }]);
    const { images } = await inspectBundle(dir);
    expect(images.map(({ reference, platform }) => [reference, platform])).toEqual([
      ['latest', 'linux/amd64'],
      ['latest', 'linux/s390x'],
    ]);
  });

  test('reports which image is incomplete', async () => {
    await rm(blobPath(dir, lastLayer(redis).digest));
    const { images } = await inspectBundle(dir);
    expect(images.map(({ complete }) => complete)).toEqual([false, true]);
    expect(images[0]?.problem).toContain(lastLayer(redis).digest);
  });

  test('reports an image with a missing or damaged manifest', async () => {
    await rm(blobPath(dir, redis.target.digest));
    await writeFile(blobPath(dir, chosen.manifest.digest), 'x');
    const { images } = await inspectBundle(dir);
    expect(images).toEqual([
      expect.objectContaining({ reference: 'redis:7', targetDigest: redis.target.digest, complete: false }),
      expect.objectContaining({ reference: 'ghcr.io/org/app:1', complete: false }),
    ]);
  });

  test('shows the status document', async () => {
    const documents = createDirectoryDocumentStore(dir);
    await documents.write('dray-status.json', Buffer.from('{"state":"ready"}'));
    expect((await inspectBundle(dir)).status).toEqual({ state: 'ready' });
    await documents.write('dray-status.json', Buffer.from('{'));
    expect(await rejectionCode(inspectBundle(dir))).toBe('STATUS_INVALID');
  });

  test('without images finds no images', async () => {
    await rm(join(dir, 'index.json'));
    expect((await inspectBundle(dir)).images).toEqual([]);
  });

  test('refuses a directory that is not a bundle', async () => {
    expect(await rejectionCode(inspectBundle(join(dir, 'blobs')))).toBe('BUNDLE_INVALID');
  });
});

describe('verifying a bundle', () => {
  test('finds no problem in a complete bundle, and reports progress', async () => {
    await createDirectoryBlobStore(dir).put(stray.descriptor, async () => streamOf(stray.bytes));
    const seen: number[] = [];
    const report = await verifyBundle(dir, { concurrency: 3, onProgress: ({ blobs }) => seen.push(blobs) });
    const parts = [...partsOf(redis), index.target, ...partsOf(chosen), stray.descriptor];
    expect(report).toEqual({
      ok: true,
      images: 2,
      blobs: parts.length,
      bytes: bytesOfAll(parts),
      problems: [],
      uncheckedPacks: [],
    });
    expect(seen).toEqual(parts.map((_, position) => position + 1));
  });

  test('finds every kind of damage at once', async () => {
    const [first, second, third] = redis.layers;
    if (first === undefined || second === undefined || third === undefined) throw new Error('too few layers');
    await rm(blobPath(dir, first.digest));
    await truncate(blobPath(dir, second.digest), second.size - 1);
    await rm(blobPath(dir, third.digest));
    await symlink('/etc/hostname', blobPath(dir, third.digest));
    await writeFile(blobPath(dir, chosen.config.digest), Buffer.alloc(chosen.config.size));
    const { ok, problems } = await verifyBundle(dir);
    expect(ok).toBe(false);
    const found = problems.map(({ code, digest, reference }) => [code, digest, reference]);
    expect(new Set(found)).toEqual(
      new Set([
        ['DIGEST_MISMATCH', second.digest, undefined],
        ['BUNDLE_UNSAFE', third.digest, undefined],
        ['DIGEST_MISMATCH', chosen.config.digest, undefined],
        ['BLOB_MISSING', first.digest, 'redis:7'],
        ['SIZE_MISMATCH', second.digest, 'redis:7'],
        ['BUNDLE_UNSAFE', third.digest, 'redis:7'],
      ]),
    );
  });

  test('does not read a blob that is larger than its descriptor', async () => {
    const layer = lastLayer(redis);
    await truncate(blobPath(dir, layer.digest), 2 ** 40);
    const { problems, bytes } = await verifyBundle(dir);
    expect(problems.map(({ code, digest }) => [code, digest])).toEqual([
      ['SIZE_MISMATCH', layer.digest],
      ['SIZE_MISMATCH', layer.digest],
    ]);
    expect(bytes).toBeLessThan(bytesOfAll([...partsOf(redis), index.target, ...partsOf(chosen)]));
  });

  test('does not read a huge sparse file that no image names', async () => {
    await writeFile(blobPath(dir, stray.descriptor.digest), 'x');
    await truncate(blobPath(dir, stray.descriptor.digest), 2 ** 40);
    const { problems } = await verifyBundle(dir);
    expect(problems).toEqual([
      expect.objectContaining({ code: 'SIZE_MISMATCH', digest: stray.descriptor.digest }),
    ]);
  });

  test('finds a missing and a damaged manifest', async () => {
    await rm(blobPath(dir, redis.target.digest));
    await writeFile(blobPath(dir, chosen.manifest.digest), Buffer.alloc(chosen.manifest.size));
    const { problems } = await verifyBundle(dir);
    expect(problems).toEqual([
      expect.objectContaining({ code: 'DIGEST_MISMATCH', digest: chosen.manifest.digest }),
      expect.objectContaining({ code: 'BLOB_MISSING', digest: redis.target.digest, reference: 'redis:7' }),
      expect.objectContaining({ code: 'DIGEST_MISMATCH', reference: 'ghcr.io/org/app:1' }),
    ]);
  });

  test('finds an index without any of its manifests', async () => {
    await rm(blobPath(dir, chosen.manifest.digest));
    await write([{ reference: parseReference('app'), target: index.target }]);
    const { problems } = await verifyBundle(dir);
    expect(problems).toEqual([expect.objectContaining({ code: 'BLOB_MISSING', reference: 'app:latest' })]);
  });

  test.each([
    ['dray-status.json', 'STATUS_INVALID'],
    ['dray-signature.json', 'SIGNATURE_INVALID'],
  ] as const)('finds a changed byte in %s', async (name, code) => {
    const bytes = formatWithChecksum({ state: 'ready' });
    await createDirectoryDocumentStore(dir).write(name, bytes);
    expect((await verifyBundle(dir)).ok).toBe(true);
    await writeFile(join(dir, name), new TextDecoder().decode(bytes).replace('ready', 'reedy'));
    expect((await verifyBundle(dir)).problems).toEqual([expect.objectContaining({ code })]);
  });

  test('stops when aborted', async () => {
    expect(await rejectionCode(verifyBundle(dir, { signal: AbortSignal.abort() }))).toBe('ABORTED');
  });
});

describe('collecting garbage of a bundle', () => {
  test('deletes unreferenced blobs and nothing else', async () => {
    await createDirectoryBlobStore(dir).put(stray.descriptor, async () => streamOf(stray.bytes));
    await write([{ reference: parseReference('app'), target: index.target, manifest: chosen.manifest }]);
    const dropped = [...partsOf(redis), stray.descriptor];
    expect(await gcBundle(dir)).toEqual({
      removed: dropped.map(({ digest }) => digest).sort(),
      partialsRemoved: 0,
      bytesFreed: bytesOfAll(dropped),
    });
    expect(await verifyBundle(dir)).toMatchObject({ ok: true, blobs: partsOf(chosen).length + 1 });
    expect((await gcBundle(dir)).removed).toEqual([]);
  });

  test('keeps every platform of a foreign index', async () => {
    await store(index, partsOf(imageAt(0)));
    await write([{ target: index.target }]);
    expect((await gcBundle(dir)).removed).toHaveLength(partsOf(redis).length);
    expect(await verifyBundle(dir)).toMatchObject({ ok: true, blobs: index.blobs.size });
  });

  test('deletes the unfinished blobs of dead writers only', async () => {
    const key = hexOf(stray.descriptor.digest);
    const living = ownedName(key);
    const elsewhere = `${key}.0123456789ab-1-0123456789abcdef`;
    await mkdir(ingestDirectory(dir), { recursive: true });
    for (const name of [living, ownerlessName(key), elsewhere])
      await writeFile(join(ingestDirectory(dir), name), 'partial');
    expect(await gcBundle(dir)).toEqual({ removed: [], partialsRemoved: 1, bytesFreed: 7 });
    expect((await readdir(ingestDirectory(dir))).sort()).toEqual([living, elsewhere].sort());
  });

  test('is refused while a pre-pull is writing, and allowed once it has been silent for long', async () => {
    const path = join(dir, 'dray-status.json');
    await writeFile(path, JSON.stringify({ state: 'running' }));
    await expect(rejectionCode(gcBundle(dir))).resolves.toBe('BUNDLE_BUSY');
    const longAgo = Date.now() / 1_000 - 3_600;
    await utimes(path, longAgo, longAgo);
    await expect(gcBundle(dir)).resolves.toMatchObject({ removed: [] });
  });

  test('watches the heartbeat when the clock was set back', async () => {
    const path = join(dir, 'dray-status.json');
    const documents = createDirectoryDocumentStore(dir);
    const ahead = Date.now() / 1_000 + 3_600;
    const write = async (beat: number): Promise<void> => {
      await documents.write('dray-status.json', formatWithChecksum({ state: 'running', runId: 'a', beat }));
      await utimes(path, ahead, ahead);
    };
    await write(1);
    await expect(checkNotBusy(dir, documents, { watchMs: 100 })).resolves.toBeUndefined();
    const checked = rejectionCode(checkNotBusy(dir, documents, { watchMs: 60_000 }));
    await write(2);
    let beat = 2;
    const beating = setInterval(() => void write((beat += 1)), 50);
    expect(await checked).toBe('BUNDLE_BUSY');
    clearInterval(beating);
  });

  test('is refused when the status document is damaged: a pre-pull may be writing', async () => {
    const text = new TextDecoder().decode(formatWithChecksum({ state: 'running' }));
    await writeFile(join(dir, 'dray-status.json'), text.replace('running', 'ruining'));
    expect(await rejectionCode(gcBundle(dir))).toBe('STATUS_INVALID');
  });

  test('deletes nothing when an image cannot be read', async () => {
    await createDirectoryBlobStore(dir).put(stray.descriptor, async () => streamOf(stray.bytes));
    await writeFile(blobPath(dir, redis.manifest.digest), Buffer.alloc(redis.manifest.size));
    expect(await rejectionOf(gcBundle(dir))).toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('redis:7'),
    });
    expect(await createDirectoryBlobStore(dir).stat(stray.descriptor.digest)).toBeDefined();
  });
});

function imageAt(position: number): RandomImage {
  const image = index.images[position];
  if (image === undefined) throw new Error('no such image');
  return image;
}

function lastLayer({ layers }: RandomImage): Descriptor {
  const layer = layers.at(-1);
  if (layer === undefined) throw new Error('no layer');
  return layer;
}

function partsOf({ manifest, config, layers }: RandomImage): readonly Descriptor[] {
  return [manifest, config, ...layers];
}

function bytesOfAll(descriptors: readonly Descriptor[]): number {
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}

function describeImage(reference: string, image: RandomImage, target: Descriptor): unknown {
  const parts = [...new Set([target, image.manifest])];
  return {
    reference,
    targetDigest: target.digest,
    manifestDigest: image.manifest.digest,
    configDigest: image.config.digest,
    platform: formatPlatform(image.platform),
    layers: image.layers.length,
    bytes: bytesOfAll([...parts, image.config, ...image.layers]),
    complete: true,
  };
}

async function store(
  { blobs }: Pick<RandomImage, 'blobs'>,
  descriptors: readonly Descriptor[],
): Promise<void> {
  for (const descriptor of descriptors) {
    const bytes = blobs.get(descriptor.digest) ?? new Uint8Array();
    await createDirectoryBlobStore(dir).put(descriptor, async (offset) => streamOf(bytes.subarray(offset)));
  }
}

async function write(entries: readonly BundleEntry[]): Promise<void> {
  await createDirectoryDocumentStore(dir).write('index.json', formatBundleIndex({ entries, packs: [] }));
}
