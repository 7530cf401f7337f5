import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createDirectoryTransport,
  emptyIndex,
  formatBundleIndex,
  initLayout,
  withEntry,
} from '@drayage/core/bundle';
import {
  createPool,
  digestOf,
  EngineError,
  fixedCandidate,
  fixedImage,
  fromHex,
  hexOf,
  isDrayError,
  parseReference,
  TransferError,
} from '@drayage/core';
import type { BundleEntry } from '@drayage/core/bundle';
import type {
  BundleContext,
  Digest,
  Engine,
  FetchedImage,
  ImageSaver,
  ImageStoreKind,
  PrepullEvent,
  PrepullImage,
  Reference,
} from '@drayage/core';
import {
  createMemoryTransport,
  nestImage,
  randomImage,
  randomIndex,
  temporaryDirectory,
  validateImage,
} from '@drayage/core/testing';
import type { RandomImage, TarEntry, TemporaryDirectory } from '@drayage/core/testing';
import {
  archiveBefore25,
  archiveBytes,
  archiveOfContainerd,
  archiveSince25,
  file,
} from '../testing/saved-archives.ts';
import { fromEngine } from './from-engine.ts';
import { saveImages, saveIntoBundle, type SaveRequest } from './save-into-bundle.ts';
import type { ImageInBundle, SavedImage } from './saved-image.ts';

const app = randomImage({ layers: 3, seed: 1 });
const other = randomImage({ layers: 2, seed: 2 });
const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

let temporary: TemporaryDirectory;
let bundle: SaveRequest['bundle'];
let dir: string;
beforeEach(async () => {
  temporary = await temporaryDirectory();
  dir = join(temporary.path, 'bundle');
  await initLayout(dir);
  bundle = createDirectoryTransport(dir);
});
afterEach(() => temporary.remove());

/** An engine with images that returns the same archive for every request. */
interface Fake {
  readonly store?: ImageStoreKind | undefined;
  /** By name: the image's ID and its diffIds. */
  readonly images: Readonly<Record<string, { readonly id: Digest; readonly diffIds: readonly Digest[] }>>;
  readonly archive: (names: readonly Digest[]) => Readable | Promise<Readable>;
}

function engineOf({
  store = 'classic',
  images,
  archive,
}: Fake): SaveRequest['engine'] & { readonly asked: string[][] } {
  const asked: string[][] = [];
  const describeEngine: Engine['describe'] = async () => ({
    location: 'unix:///fake.sock',
    version: '28.5.2',
    apiVersion: '1.51',
    imageStore: store,
    storageDriver: 'overlay2',
    platform: amd64,
  });
  const inspect: Engine['inspect'] = async (name) => {
    const found = typeof name === 'string' ? undefined : images[name.repository];
    if (found === undefined) return undefined;
    return { engineImageId: found.id, diffIds: found.diffIds, repoTags: [], repoDigests: [] };
  };
  const save: ImageSaver['save'] = async (names) => {
    const ids = names.map((name) => (typeof name === 'string' ? name : fromHex('')));
    asked.push([...ids]);
    return archive(ids);
  };
  return { asked, describe: describeEngine, inspect, save };
}

function classic(image: RandomImage): { id: Digest; diffIds: readonly Digest[] } {
  return { id: image.config.digest, diffIds: image.diffIds };
}

function stream(entries: readonly TarEntry[]): Readable {
  return streamOfBytes(archiveBytes(entries));
}

function streamOfBytes(bytes: Uint8Array): Readable {
  const chunks = Array.from({ length: Math.ceil(bytes.byteLength / 1000) }, (_, at) =>
    bytes.subarray(at * 1000, at * 1000 + 1000),
  );
  return Readable.from(chunks);
}

function ref(name: string): Reference {
  return parseReference(`r.test/${name}`);
}

async function save(engine: SaveRequest['engine'], ...names: string[]): Promise<readonly SavedImage[]> {
  return saveIntoBundle({ engine, references: names.map(ref), bundle });
}

async function saveOne(engine: SaveRequest['engine'], name = 'app'): Promise<ImageInBundle> {
  const [image] = await save(engine, name);
  if (image?.state === 'saved') return image;
  throw image?.error ?? new Error('no image was saved');
}

async function codesOf(images: Promise<readonly SavedImage[]>): Promise<readonly string[]> {
  return (await images).map((image) => (image.state === 'saved' ? 'saved' : image.error.code));
}

async function storedBlobs(): Promise<ReadonlyMap<Digest, Uint8Array>> {
  const found = new Map<Digest, Uint8Array>();
  for await (const { digest, size } of bundle.blobs.list()) {
    const chunks: Uint8Array[] = [];
    const blob = await bundle.blobs.open({ mediaType: '', digest, size });
    for await (const chunk of blob) if (chunk instanceof Uint8Array) chunks.push(chunk);
    found.set(digest, Buffer.concat(chunks));
  }
  return found;
}

async function writeIndex(...entries: readonly BundleEntry[]): Promise<void> {
  await bundle.documents.write('index.json', formatBundleIndex(entries.reduce(withEntry, emptyIndex)));
}

/** An image of a classic store: the layers of all images stacked, with a new config. */
function stacked(...images: readonly RandomImage[]): RandomImage {
  const diffIds = images.flatMap((image) => image.diffIds);
  const config = Buffer.from(JSON.stringify({ ...amd64, rootfs: { type: 'layers', diff_ids: diffIds } }));
  const digest = digestOf(config);
  return {
    ...app,
    diffIds,
    layers: images.flatMap((image) => image.layers),
    config: { ...app.config, digest, size: config.byteLength },
    blobs: new Map([...images.flatMap((image) => [...image.blobs]), [digest, config]]),
  };
}

/** The entries, with one bit changed in the blob with this digest. */
function replaceBytes(entries: readonly TarEntry[], digest: Digest | undefined): readonly TarEntry[] {
  return entries.map((entry) => {
    if (entry.type !== 'file' || digestOf(entry.bytes) !== digest) return entry;
    const bytes = Uint8Array.from(entry.bytes);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    return { ...entry, bytes };
  });
}

async function putAll(image: RandomImage): Promise<void> {
  for (const descriptor of [image.manifest, image.config, ...image.layers]) {
    await bundle.blobs.put(descriptor, async () => Readable.from([image.blobs.get(descriptor.digest)]));
  }
}

/** A failed save leaves nothing, in the bundle or beside it. */
async function expectNothingLeft(): Promise<void> {
  expect([...(await storedBlobs()).keys()]).toEqual([]);
  expect(await readdir(join(dir, '.dray', 'ingest'))).toEqual([]);
  expect(await readdir(temporary.path)).toEqual(['bundle']);
}

const generations = [
  ['before engine 25', archiveBefore25],
  ['since engine 25', archiveSince25],
] as const;

describe.each(generations)('the archive of a classic store %s', (_, archiveOf) => {
  const engine = (...images: readonly RandomImage[]): ReturnType<typeof engineOf> =>
    engineOf({
      images: { app: classic(app), other: classic(other) },
      archive: () => stream(archiveOf(...images)),
    });

  test('becomes an image with the same config and gzip layers', async () => {
    const image = await saveOne(engine(app));
    expect(image).toMatchObject({
      configDigest: app.config.digest,
      layers: 3,
      entry: { reference: ref('app'), manifest: { digest: image.manifestDigest, platform: amd64 } },
    });
    const blobs = await storedBlobs();
    expect(validateImage(blobs, image.entry.target)).toEqual([]);
    expect(blobs.size).toBe(5);
    expect(new Set(image.blobs.map(({ digest }) => digest))).toEqual(new Set(blobs.keys()));
    expect(image.bytes).toBe([...blobs.values()].reduce((sum, { byteLength }) => sum + byteLength, 0));
  });

  test('may contain several images, and shared layers are stored once', async () => {
    const both = engine(app, other);
    const images = await save(both, 'app', 'other');
    expect(images.map(({ state }) => state)).toEqual(['saved', 'saved']);
    expect(both.asked).toEqual([[app.config.digest, other.config.digest]]);
  });

  test('may contain a layer twice', async () => {
    const one = randomImage({ layers: 1, seed: 1 });
    const image = stacked(one, one);
    const saved = await saveOne(
      engineOf({ images: { app: classic(image) }, archive: () => stream(archiveOf(image)) }),
    );
    expect(saved.layers).toBe(2);
    expect(validateImage(await storedBlobs(), saved.entry.target)).toEqual([]);
  });

  test('adds nothing from images that were not requested', async () => {
    const image = await saveOne(engine(other, app));
    expect((await storedBlobs()).size).toBe(image.blobs.length);
  });

  test('stores no layer that the bundle has in another form', async () => {
    await putAll(app);
    await writeIndex({ reference: ref('elsewhere'), target: app.target, manifest: app.manifest });
    const derived = stacked(app, randomImage({ layers: 1, seed: 5 }));
    const image = await saveOne(
      engineOf({ images: { app: classic(derived) }, archive: () => stream(archiveOf(derived)) }),
    );
    expect(image.blobs).toEqual(
      expect.arrayContaining(app.layers.map(({ digest }) => expect.objectContaining({ digest }))),
    );
    expect(validateImage(await storedBlobs(), image.entry.target)).toEqual([]);
  });

  test('is refused for the image with a missing layer, which is named, and the other image is saved', async () => {
    const entries = archiveOf(app, other);
    const [lost] = app.diffIds;
    const spoilt = entries.filter((entry) => entry.type !== 'file' || digestOf(entry.bytes) !== lost);
    const engineWithout = engineOf({
      images: { app: classic(app), other: classic(other) },
      archive: () => stream(spoilt),
    });
    const images = await save(engineWithout, 'app', 'other');
    expect(images).toMatchObject([{ error: { code: 'ENGINE_SAVE_FAILED' } }, { state: 'saved' }]);
    expect(images[0]?.state === 'failed' && images[0].error.message).toContain(lost);
    expect(images[0]?.state === 'failed' && images[0].error.message).toContain('r.test/app');
  });

  test('is refused when truncated anywhere', async () => {
    const whole = archiveBytes(archiveOf(app));
    for (const part of [0.1, 0.3, 0.5, 0.7]) {
      const cut = whole.subarray(0, Math.floor(whole.byteLength * part));
      const broken = engineOf({ images: { app: classic(app) }, archive: () => streamOfBytes(cut) });
      expect(await codesOf(save(broken, 'app'))).toEqual(['ENGINE_SAVE_FAILED']);
      await expectNothingLeft();
    }
  });

  test('is refused when its connection breaks', async () => {
    const whole = archiveBytes(archiveOf(app));
    const archive = (): Readable =>
      Readable.from(
        (async function* () {
          yield await Promise.resolve(whole.subarray(0, whole.byteLength / 2));
          throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
        })(),
      );
    expect(await codesOf(save(engineOf({ images: { app: classic(app) }, archive }), 'app'))).toEqual([
      'ENGINE_SAVE_FAILED',
    ]);
    await expectNothingLeft();
  });

  test('cannot write outside the bundle, and its links are not followed', async () => {
    const config = hexOf(app.config.digest);
    const hostile: TarEntry[] = [
      file(`../../${config}.json`, 'x'),
      file(`/tmp/${config}.json`, 'x'),
      file('../escaped', 'x'),
      { type: 'symlink', path: `blobs/sha256/${config}`, target: '/etc/passwd' },
      { type: 'hardlink', path: `${config}.json`, target: '/etc/passwd' },
      file('huge.json', Buffer.alloc(5 * 1024 * 1024, ' ')),
    ];
    const image = await saveOne(
      engineOf({ images: { app: classic(app) }, archive: () => stream([...hostile, ...archiveOf(app)]) }),
    );
    expect(validateImage(await storedBlobs(), image.entry.target)).toEqual([]);
    expect(await readdir(temporary.path)).toEqual(['bundle']);
  });
});

describe('a classic store', () => {
  const spoiltCases: readonly (readonly [string, readonly TarEntry[], string])[] = [
    ['a layer with other bytes', replaceBytes(archiveSince25(app), app.diffIds[1]), 'DIGEST_MISMATCH'],
    ['a config with other bytes', replaceBytes(archiveSince25(app), app.config.digest), 'DIGEST_MISMATCH'],
    [
      'a config of 5 MiB',
      [
        file(`blobs/sha256/${hexOf(app.config.digest)}`, Buffer.alloc(5 * 1024 * 1024, ' ')),
        ...archiveSince25(app),
      ],
      'MANIFEST_TOO_LARGE',
    ],
    [
      'no config',
      archiveSince25(app).filter(({ path }) => !path.includes(hexOf(app.config.digest))),
      'ENGINE_SAVE_FAILED',
    ],
    ['nothing at all', [], 'ENGINE_SAVE_FAILED'],
  ];
  test.each(spoiltCases)('is refused when it gives %s', async (_, entries, code) => {
    const engine = engineOf({ images: { app: classic(app) }, archive: () => stream(entries) });
    expect(await codesOf(save(engine, 'app'))).toEqual([code]);
    await expectNothingLeft();
  });

  test('is refused when it does not give a tar', async () => {
    const archive = (): Readable => streamOfBytes(Buffer.alloc(10_000, '{"message":"no space left"}'));
    const engine = engineOf({ images: { app: classic(app) }, archive });
    expect(await codesOf(save(engine, 'app'))).toEqual(['ENGINE_SAVE_FAILED']);
    await expectNothingLeft();
  });

  test('gives the same bytes in every generation', async () => {
    const before = await saveOne(
      engineOf({ images: { app: classic(app) }, archive: () => stream(archiveBefore25(app)) }),
    );
    const since = await saveOne(
      engineOf({ images: { app: classic(app) }, archive: () => stream(archiveSince25(app)) }),
    );
    expect(since.manifestDigest).toBe(before.manifestDigest);
    expect((await storedBlobs()).size).toBe(before.blobs.length);
  });

  test('can be podman’s, with layers named by their diffIds', async () => {
    const entries = archiveSince25(app).map((entry) => {
      const hex = /sha256\/([a-f0-9]+)/.exec(entry.path)?.[1];
      const suffix = hex === hexOf(app.config.digest) ? 'json' : 'tar';
      return hex === undefined ? entry : { ...entry, path: `${hex}.${suffix}` };
    });
    const image = await saveOne(engineOf({ images: { app: classic(app) }, archive: () => stream(entries) }));
    expect(validateImage(await storedBlobs(), image.entry.target)).toEqual([]);
  });

  test('is not queried when the bundle has the image, which keeps its pulled form', async () => {
    await putAll(app);
    await writeIndex({ reference: ref('pulled'), target: app.target, manifest: app.manifest });
    const engine = engineOf({
      images: { app: classic(app), again: classic(app) },
      archive: () => Promise.reject(new Error('it was asked')),
    });
    const events: PrepullEvent[] = [];
    const images = await saveIntoBundle({
      engine,
      references: [ref('app'), ref('again')],
      bundle,
      onEvent: (event) => events.push(event),
    });
    expect(images).toMatchObject([
      { state: 'saved', entry: { reference: ref('app'), target: app.target } },
      { state: 'saved', entry: { reference: ref('again'), target: app.target } },
    ]);
    expect(events.filter(({ type }) => type === 'bytes')).toEqual([]);
  });
});

describe('the archive of a containerd store', () => {
  const index = randomIndex({ platforms: [amd64, arm64], seed: 7 });
  const [amd = app, arm = app] = index.images;
  const engine = (entries: readonly TarEntry[]): ReturnType<typeof engineOf> =>
    engineOf({
      store: 'containerd',
      images: { app: { id: index.target.digest, diffIds: amd.diffIds } },
      archive: () => stream(entries),
    });

  test('keeps every byte of index, manifest, config and layers', async () => {
    const image = await saveOne(engine(archiveOfContainerd(index, [amd])));
    expect(image.entry).toMatchObject({ target: index.target, manifest: { digest: amd.manifest.digest } });
    const expected = [index.target, amd.manifest, amd.config, ...amd.layers].map(({ digest }) => digest);
    expect([...(await storedBlobs()).keys()]).toEqual([...new Set(expected)].sort());
  });

  test('keeps nested indexes', async () => {
    const { target, indexes, blobs } = nestImage(index, { depth: 2 });
    const saving = engineOf({
      store: 'containerd',
      images: { app: { id: target.digest, diffIds: amd.diffIds } },
      archive: () => stream(archiveOfContainerd({ ...amd, target, blobs })),
    });
    const image = await saveOne(saving);
    expect(image.entry).toMatchObject({ target, manifest: { digest: amd.manifest.digest } });
    const stored = await storedBlobs();
    for (const { digest } of [...indexes, index.target]) expect(stored.has(digest)).toBe(true);
    expect(stored.size).toBe(image.blobs.length);
  });

  test('adds nothing from other platforms and attestations', async () => {
    const extra = file(`blobs/sha256/${hexOf(digestOf('{}'))}`, '{}');
    const image = await saveOne(engine([extra, ...archiveOfContainerd(index)]));
    expect((await storedBlobs()).size).toBe(image.blobs.length);
  });

  test('yields the requested platform', async () => {
    const [image] = await saveIntoBundle({
      engine: engine(archiveOfContainerd(index)),
      references: [ref('app')],
      bundle,
      platform: arm64,
    });
    expect(image).toMatchObject({ state: 'saved', manifestDigest: arm.manifest.digest });
  });

  test('is refused when it lacks that platform', async () => {
    const saving = save(engine(archiveOfContainerd(index, [arm])), 'app');
    expect(await codesOf(saving)).toEqual(['PLATFORM_NOT_FOUND']);
    await expectNothingLeft();
  });

  test('keeps a Docker manifest, and lists a converted one for tools that read only OCI', async () => {
    const docker = randomImage({ mediaTypes: 'docker', seed: 9 });
    const image = await saveOne(
      engineOf({
        store: 'containerd',
        images: { app: { id: docker.target.digest, diffIds: docker.diffIds } },
        archive: () => stream(archiveOfContainerd(docker)),
      }),
    );
    expect(image.entry.target).toEqual(docker.target);
    expect(image.entry.convertedManifest?.digest).not.toBe(docker.target.digest);
    expect(image.blobs).toContainEqual(
      expect.objectContaining({ digest: image.entry.convertedManifest?.digest }),
    );
    expect((await storedBlobs()).size).toBe(image.blobs.length);
  });

  const lost: readonly (readonly [string, Digest | undefined, string])[] = [
    ['its index', index.target.digest, 'ENGINE_SAVE_FAILED'],
    ['its manifest', amd.manifest.digest, 'PLATFORM_NOT_FOUND'],
    ['its config', amd.config.digest, 'ENGINE_SAVE_FAILED'],
    ['a layer', amd.layers[1]?.digest, 'ENGINE_SAVE_FAILED'],
  ];
  test.each(lost)('is refused when it lacks %s', async (_, digest, code) => {
    const entries = archiveOfContainerd(index, [amd]).filter(
      ({ path }) => !path.includes(hexOf(digest ?? app.config.digest)),
    );
    expect(await codesOf(save(engine(entries), 'app'))).toEqual([code]);
    await expectNothingLeft();
  });

  test.each([
    ['a layer', amd.layers[0]?.digest],
    ['the index', index.target.digest],
  ])('is refused when %s has other bytes', async (_, digest) => {
    const entries = replaceBytes(archiveOfContainerd(index, [amd]), digest);
    expect(await codesOf(save(engine(entries), 'app'))).toEqual(['DIGEST_MISMATCH']);
    await expectNothingLeft();
  });

  test('continues a layer that an interrupted save left incomplete', async () => {
    const [layer = amd.config] = amd.layers;
    const bytes = amd.blobs.get(layer.digest) ?? new Uint8Array();
    const interrupted = bundle.blobs.put(layer, async () =>
      Readable.from(
        (async function* () {
          yield await Promise.resolve(bytes.subarray(0, 100));
          throw new Error('interrupted');
        })(),
      ),
    );
    await expect(interrupted).rejects.toThrow('interrupted');
    const image = await saveOne(engine(archiveOfContainerd(index, [amd])));
    expect(validateImage(await storedBlobs(), image.entry.target)).toEqual([]);
  });
});

describe('a save', () => {
  const images = { app: classic(app), other: classic(other) };

  test('names the images that the engine lacks', async () => {
    const engine = engineOf({ images, archive: () => stream(archiveSince25(other)) });
    const results = await save(engine, 'nothing', 'other');
    expect(results).toMatchObject([
      { state: 'failed', reference: ref('nothing'), error: { code: 'ENGINE_IMAGE_NOT_FOUND' } },
      { state: 'saved' },
    ]);
    expect(results[0]?.state === 'failed' && results[0].error.message).toContain('r.test/nothing');
  });

  test('requests the images one by one when the engine cannot save all together', async () => {
    const engine = engineOf({
      images,
      archive: ([first, ...rest]) => {
        if (rest.length > 0) throw new EngineError('ENGINE_API', 'cannot save: layer does not exist');
        if (first === app.config.digest) return stream(archiveSince25(app).slice(0, 4));
        return stream(archiveSince25(other));
      },
    });
    expect(await codesOf(save(engine, 'app', 'other'))).toEqual(['ENGINE_SAVE_FAILED', 'saved']);
    expect(engine.asked).toHaveLength(3);
    expect((await storedBlobs()).size).toBe(4);
  });

  test('is not retried when the bundle cannot be written', async () => {
    const engine = engineOf({ images, archive: () => stream(archiveSince25(app, other)) });
    const full = new TransferError('DISK_FULL', 'cannot write', { operation: 'ingest', side: 'destination' });
    const blobs = { ...bundle.blobs, ingest: () => Promise.reject(full) };
    const references = [ref('app'), ref('other')];
    const saving = saveIntoBundle({ engine, references, bundle: { ...bundle, blobs } });
    expect(await codesOf(saving)).toEqual(['DISK_FULL', 'DISK_FULL']);
    expect(engine.asked).toHaveLength(1);
  });

  test('ends at once when aborted while the engine is silent', async () => {
    const controller = new AbortController();
    const half = archiveBytes(archiveSince25(app)).subarray(0, 6000);
    const archive = new Readable({ read: () => undefined });
    archive.push(half);
    const engine = engineOf({
      images,
      archive: () => {
        setImmediate(() => {
          controller.abort();
        });
        return archive;
      },
    });
    const { signal } = controller;
    const saving = saveIntoBundle({ engine, references: [ref('app')], bundle, signal });
    await expect(saving).rejects.toMatchObject({ code: 'ABORTED' });
    expect(archive.destroyed).toBe(true);
  });

  test('passes on an unexpected error', async () => {
    const bug = new TypeError('a bug');
    const engine = engineOf({ images, archive: () => Promise.reject(bug) });
    await expect(save(engine, 'app')).rejects.toBe(bug);
  });

  test('yields each image as soon as its result is known', async () => {
    await putAll(app);
    await writeIndex({ reference: ref('pulled'), target: app.target, manifest: app.manifest });
    const engine = engineOf({ images, archive: () => stream(archiveSince25(other)) });
    const order: string[] = [];
    const references = [ref('other'), ref('app')];
    for await (const { reference } of saveImages({ engine, references, bundle })) {
      order.push(`${reference.repository} ${String(engine.asked.length)}`);
    }
    expect(order).toEqual(['app 0', 'other 1']);
  });

  test('reports what is fetched', async () => {
    const events: PrepullEvent[] = [];
    const engine = engineOf({ images, archive: () => stream(archiveSince25(app)) });
    const [image] = await saveIntoBundle({
      engine,
      references: [ref('app')],
      bundle,
      platform: arm64,
      onEvent: (event) => events.push(event),
    });
    const total = (type: 'bytes' | 'blob'): number =>
      events.reduce((sum, event) => {
        if (event.type !== type) return sum;
        return sum + (event.type === 'bytes' ? event.count : event.bytesFetched);
      }, 0);
    const manifestSize = image?.state === 'saved' ? (image.blobs[0]?.size ?? 0) : 0;
    expect(total('bytes')).toBe(total('blob') + manifestSize);
    expect(events[0]).toEqual({
      type: 'resolved',
      reference: 'r.test/app:latest',
      digest: app.config.digest,
    });
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
  });
});

describe('images from an engine', () => {
  const images = { app: classic(app), other: classic(other) };

  function contextOf(change: Partial<BundleContext> = {}): BundleContext {
    return {
      ...bundle,
      ...{ handover: undefined, platform: amd64, form: 'layers', packed: new Set(), pool: createPool(1) },
      ...{ inFlight: new Map(), elsewhere: new Set(), emit: () => undefined, signal: undefined },
      ...change,
    };
  }

  function fetchAll(
    engine: SaveRequest['engine'],
    wanted: readonly PrepullImage[],
    change?: Partial<BundleContext>,
  ): Promise<readonly PromiseSettledResult<FetchedImage>[]> {
    const fetches = fromEngine(engine)(contextOf(change), wanted, () => undefined);
    return Promise.allSettled(wanted.map((image) => fetches.get(image) ?? Promise.reject(new Error('none'))));
  }

  test('are fetched in one archive, and only a missing one fails', async () => {
    const engine = engineOf({ images, archive: () => stream(archiveSince25(app, other)) });
    const [first, second, none] = await fetchAll(engine, ['app', 'other', 'nothing'].map(named));
    expect(first).toMatchObject({ value: { configDigest: app.config.digest } });
    expect(second).toMatchObject({ value: { configDigest: other.config.digest } });
    expect(engine.asked).toHaveLength(1);
    expect(none).toMatchObject({ reason: { code: 'ENGINE_IMAGE_NOT_FOUND' } });
    expect(none?.status === 'rejected' && isDrayError(none.reason)).toBe(true);
  });

  test('all fail with an error that concerns all', async () => {
    const bug = new TypeError('a bug');
    const engine = {
      ...engineOf({ images, archive: () => stream([]) }),
      describe: () => Promise.reject(bug),
    };
    const results = await fetchAll(engine, ['app', 'other'].map(named));
    expect(results).toMatchObject([{ reason: bug }, { reason: bug }]);
  });

  test('are the first of their candidates that the engine has', async () => {
    const engine = engineOf({ images, archive: () => stream(archiveSince25(app)) });
    const candidates = ['nothing', 'app', 'other'].map((name) => fixedCandidate(ref(name)));
    const [found] = await fetchAll(engine, [{ ...named('app'), candidates }]);
    expect(found).toMatchObject({ value: { entry: { reference: ref('app') } } });
  });

  test('are handed over completely, even with one transfer at a time', async () => {
    const handover = createMemoryTransport();
    const engine = engineOf({ images, archive: () => stream(archiveSince25(app)) });
    await fetchAll(engine, [named('app')], { handover });
    for (const digest of (await storedBlobs()).keys()) {
      expect(await handover.blobs.stat(digest)).toBeDefined();
    }
  });
});

function named(name: string): PrepullImage {
  return fixedImage(ref(name));
}
