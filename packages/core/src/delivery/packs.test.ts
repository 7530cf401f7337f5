import { appendFile, mkdtemp, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ByteStream } from '../blob-store.ts';
import { emptyIndex, formatBundleIndex, withEntry, withPack } from '../bundle/bundle-index.ts';
import { packDocuments } from '../bundle/pack.ts';
import { packMediaTypes } from '../bundle/pack-types.ts';
import type { Engine, EngineImage, EngineInfo, LoadRequest } from '../engine.ts';
import { DrayError, EngineError, IntegrityError } from '../errors.ts';
import { createDirectoryTransport } from '../handover/directory-transport.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { parseReference } from '../image/reference.ts';
import type { MountRequest, Mounter, Mounting } from '../mounter.ts';
import type { OpenPackedLayer } from '../pack-writer.ts';
import { createPackStore } from '../store/pack-store.ts';
import { initLayout } from '../store/layout.ts';
import { decompressLayer } from '../testing/compress.ts';
import { randomImage } from '../testing/random-image.ts';
import type { DeliveryEvent } from './events.ts';
import { decideWay } from './decide-way.ts';
import { deliver } from './deliver.ts';
import type { DeliveryReport } from './report.ts';
import { unpackBundle } from './unpack-bundle.ts';
import type { DeliveryMode } from './way-facts.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const image = randomImage({ seed: 7, layers: 3 });
const reference = parseReference('registry.test/app:1');
const tars = new Map(
  image.layers.map((layer, position) => [
    image.diffIds[position] ?? layer.digest,
    decompressLayer(image.blobs.get(layer.digest) ?? new Uint8Array(), 'gzip'),
  ]),
);

let dir: string;
let packImage: Digest;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drayage-'));
  packImage = await writeBundle([...tars.keys()]);
});

afterEach(() => rm(dir, { recursive: true }));

const swaps: Readonly<Record<string, (file: string) => Promise<void>>> = {
  'of the same size': flipByte,
  'of the same size and time': async (file) => {
    const { atime, mtime } = await stat(file);
    await flipByte();
    await utimes(file, atime, mtime);
  },
  'another file of the same size': async (file) => {
    const other = `${file}.other`;
    await writeFile(other, Buffer.alloc((await stat(file)).size, 'x'));
    await rename(other, file);
  },
  larger: (file) => writeFile(file, Buffer.alloc(1 << 20, 'x')),
  smaller: (file) => writeFile(file, 'x'),
  truncated: (file) => truncate(file, 100),
  grown: (file) => appendFile(file, 'x'),
  empty: (file) => writeFile(file, ''),
};

describe('loading from packs only', () => {
  test('sends the original tars of the layers', async () => {
    const engine = fakeEngine('classic');
    const { report } = await deliverTo(engine, 'load');
    expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load', layers: { sent: 3 } }] });
    expect(engine.sent.map((tar) => digestOf(tar))).toEqual(image.diffIds);
  });

  test('omits the layers that the engine has', async () => {
    const engine = fakeEngine('classic', image.diffIds.slice(0, 1));
    await deliverTo(engine, 'load');
    expect(engine.sent.map((tar) => digestOf(tar))).toEqual(image.diffIds.slice(1));
  });

  test('gives a containerd store a manifest over the tars', async () => {
    const engine = fakeEngine('containerd');
    const { report } = await deliverTo(engine, 'load');
    expect(report.outcome).toBe('hit');
    expect(engine.loaded?.layers.map(({ digest }) => digest)).toEqual(image.diffIds);
    expect(engine.loaded?.target.digest).not.toBe(image.target.digest);
  });

  test('names the layers that are missing everywhere', async () => {
    const [first, ...others] = tars.keys();
    await writeBundle([first ?? raise()]);
    const { report } = await deliverTo(fakeEngine('classic'), 'load');
    expect(report.outcome).toBe('miss');
    expect(report.images[0]?.error).toMatchObject({ code: 'PACK_INVALID' });
    for (const diffId of others) expect(report.images[0]?.error?.message).toContain(diffId.slice(7, 19));
  });

  test('refuses a pack with a flipped byte', async () => {
    await flipByte();
    const { report } = await deliverTo(fakeEngine('classic'), 'load');
    expect(report.images[0]?.error).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

describe('mounting', () => {
  test('is preferred, and nothing is sent', async () => {
    const engine = fakeEngine('containerd');
    const { report, mounted } = await deliverTo(engine, 'auto', liveMounter(engine));
    expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'mount', bytesSent: 0 }] });
    expect(mounted).toHaveLength(1);
    expect(engine.sent).toEqual([]);
  });

  test('is not attempted when the engine has the image', async () => {
    const engine = fakeEngine('containerd');
    engine.add();
    const { report, mounted } = await deliverTo(engine, 'mount', liveMounter(engine));
    expect(report).toMatchObject({ images: [{ delivery: 'present' }] });
    expect(mounted).toEqual([]);
  });

  test('falls back to loading when it is impossible, with the reason', async () => {
    const engine = fakeEngine('classic');
    const unavailable = mounterWith({
      isExportWanted: true,
      mount: () => Promise.reject(new DrayError('MOUNT_UNAVAILABLE', 'cannot mount packs: not root')),
    });
    const { report, warnings } = await deliverTo(engine, 'auto', unavailable);
    expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
    expect(warnings).toEqual([expect.stringContaining('not root')]);
  });

  test('reports the choice, and takes the next way when the first is closed', async () => {
    const engine = fakeEngine('containerd');
    const ways: string[] = [];
    const remoteOnly = mounterWith({
      mount: (way) => {
        ways.push(way);
        if (way === 'mount-local') {
          return Promise.reject(new DrayError('MOUNT_UNAVAILABLE', 'cannot mount packs: no socket'));
        }
        engine.add();
        return Promise.resolve(undefined);
      },
    });
    const { report, warnings } = await deliverTo(engine, 'auto', remoteOnly);
    expect(ways).toEqual(['mount-local', 'mount-remote']);
    expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'mount' }] });
    const { choice } = decideWay({
      ...(await remoteOnly.facts()),
      ...{ engine: await engine.describe(), delivery: 'auto', hasPacks: true },
      found: { 'mount-local': { reason: 'no socket' } },
    });
    expect(report.choice).toEqual(choice);
    expect(warnings).toEqual([]);
  });

  test('gives way to loading when the engine does not show the image', async () => {
    const engine = fakeEngine('containerd');
    const idle = mounterWith({ mount: () => Promise.resolve(undefined) });
    const { report } = await deliverTo(engine, 'auto', idle);
    expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
  });

  test('reports the address of the private engine, even when no other engine answers', async () => {
    const own = fakeEngine('classic');
    const mounter = mounterWith({
      mount: () => {
        own.add();
        return Promise.resolve({ engine: own, dockerHost: 'unix:///run/own.sock' });
      },
    });
    const { report } = await deliverTo(absentEngine(), 'mount', mounter);
    expect(report).toMatchObject({
      outcome: 'hit',
      dockerHost: 'unix:///run/own.sock',
      images: [{ delivery: 'mount' }],
    });
  });

  test('never gets a pack with a flipped byte', async () => {
    await flipByte();
    const engine = fakeEngine('containerd');
    const { report, mounted, warnings } = await deliverTo(engine, 'mount', liveMounter(engine));
    expect(mounted).toEqual([]);
    expect(warnings[0]).toContain(packImage.slice(7));
    expect(report.outcome).toBe('miss');
  });

  describe.each(Object.entries(swaps))('never gets a pack that was swapped for one that is %s', (_, swap) => {
    test.each([
      ['before anything was proven', false],
      ['after it was proven', true],
    ])('%s', async (_when, isProven) => {
      const provenDir = join(dir, 'proven');
      const file = join(dir, 'blobs', 'sha256', packImage.slice(7));
      const engine = fakeEngine('containerd');
      if (isProven) {
        const { size } = await stat(file);
        await createPackStore(dir, { provenDir }).prove({ mediaType: '', digest: packImage, size });
      }
      await swap(file);
      const { mounted, report } = await deliverTo(engine, 'mount', liveMounter(engine), provenDir);
      expect(mounted).toEqual([]);
      expect(report.outcome).toBe('miss');
      // The problem is found again: no proof was noted.
      expect((await deliverTo(engine, 'mount', liveMounter(engine), provenDir)).mounted).toEqual([]);
    });
  });

  test('accepts a bundle without packs', async () => {
    const engine = fakeEngine('classic');
    await writeBundle([]);
    await writeBlobs(dir, image.blobs);
    const { report, warnings } = await deliverTo(engine, 'mount', liveMounter(engine));
    expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
    expect(warnings).toEqual([expect.stringContaining('--form packs')]);
  });
});

describe('unpacking a bundle', () => {
  test('makes it loadable without packs', async () => {
    const unpacking = await unpackBundle(createDirectoryTransport(dir), {
      packs: { store: createPackStore(dir), reader },
    });
    expect(unpacking).toMatchObject({ images: ['registry.test/app:1'], layers: 3 });
    await rm(join(dir, 'blobs', 'sha256', packImage.slice(7)));
    const engine = fakeEngine('classic');
    expect((await deliverTo(engine, 'load')).report.outcome).toBe('hit');
    expect(engine.sent.map((tar) => digestOf(tar))).toEqual(image.diffIds);
  });

  test('does nothing the second time', async () => {
    const packs = { store: createPackStore(dir), reader };
    await unpackBundle(createDirectoryTransport(dir), { packs });
    expect(await unpackBundle(createDirectoryTransport(dir), { packs })).toMatchObject({
      images: [],
      layers: 0,
    });
  });
});

const reader = {
  async openLayer({ tarSplit }: { readonly tarSplit: ByteStream }): Promise<ByteStream> {
    return Readable.from([(await collect(tarSplit)).subarray(1)]);
  },
  async checkLayer({ layer: { diffId }, tarSplit }: OpenPackedLayer): Promise<void> {
    if (digestOf((await collect(tarSplit)).subarray(1)) === diffId) return;
    throw new IntegrityError('DIGEST_MISMATCH', `cannot use layer ${diffId}: it is another`);
  },
};

interface Delivery {
  readonly report: DeliveryReport;
  readonly warnings: readonly string[];
  readonly mounted: readonly MountRequest[];
}

async function deliverTo(
  engine: Engine,
  delivery: DeliveryMode,
  mounter?: Mounting,
  provenDir?: string,
): Promise<Delivery> {
  const place = createDirectoryTransport(dir);
  const events: DeliveryEvent[] = [];
  const mounted: MountRequest[] = [];
  const watched = mounter && {
    facts: () => mounter.facts(),
    open: async () => {
      const opened = await mounter.open();
      const mount: Mounter['mount'] = (way, request) => {
        mounted.push(request);
        return opened.mount(way, request);
      };
      return { ...opened, mount };
    },
  };
  const report = await deliver({
    engine,
    handover: place,
    local: place,
    only: [],
    delivery,
    onMiss: 'continue',
    packs: {
      store: createPackStore(dir, { provenDir }),
      reader,
      mounting: watched,
    },
    concurrency: 2,
    policy: { graceMs: 0, timeoutMs: 5000, settled: true },
    pollMs: 5,
    onEvent: (event) => events.push(event),
  });
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  return { report, warnings, mounted };
}

function liveMounter(engine: FakeEngine): Mounting {
  return mounterWith({
    mount: () => {
      engine.add();
      return Promise.resolve(undefined);
    },
  });
}

/** What a root has that may mount. */
function mounterWith({
  mount,
  isExportWanted = false,
}: Pick<Mounter, 'mount'> & { readonly isExportWanted?: boolean }): Mounting {
  const rights = { isRoot: true, hasSysAdmin: true, inUserNamespace: false };
  return {
    facts: () => Promise.resolve({ rights, reach: 'auto', isExportWanted }),
    open: () => Promise.resolve({ warmUp: () => undefined, mount }),
  };
}

/** The tar of each layer, with one byte before it, serves as its tar-split; all tars together as the file. */
async function writeBundle(packed: readonly Digest[]): Promise<Digest> {
  await rm(dir, { recursive: true, force: true });
  await initLayout(dir);
  const file = Buffer.concat(packed.map((diffId) => tars.get(diffId) ?? new Uint8Array()));
  const layers = packed.map((diffId) => {
    const bytes = tarSplitOf(diffId);
    const tarSplit = { mediaType: packMediaTypes.tarSplit, digest: digestOf(bytes), size: bytes.length };
    return { diffId, size: bytes.length, tarSize: bytes.length - 1, entries: 1, tarSplit };
  });
  const descriptor = { mediaType: packMediaTypes.squashfs, digest: digestOf(file), size: file.length };
  const { config, manifest } = packDocuments(descriptor, 'squashfs', layers);
  const isLayer = new Set(image.layers.map(({ digest }) => digest));
  const documents = [...image.blobs].filter(([digest]) => !isLayer.has(digest));
  await writeBlobs(
    dir,
    new Map([
      ...documents,
      ...packed.map((diffId) => [digestOf(tarSplitOf(diffId)), tarSplitOf(diffId)] as const),
      ...[config, manifest].map((made) => [made.descriptor.digest, made.bytes] as const),
      ...(packed.length === 0 ? [] : [[descriptor.digest, file] as const]),
    ]),
  );
  const named = withEntry(emptyIndex, { reference, target: image.target, manifest: image.manifest });
  const index = packed.length === 0 ? named : withPack(named, manifest.descriptor);
  await createDirectoryTransport(dir).documents.write('index.json', formatBundleIndex(index));
  return descriptor.digest;
}

function tarSplitOf(diffId: Digest): Uint8Array {
  return Buffer.concat([Buffer.from('!'), tars.get(diffId) ?? raise()]);
}

async function writeBlobs(to: string, blobs: ReadonlyMap<Digest, Uint8Array>): Promise<void> {
  const place = createDirectoryTransport(to);
  for (const [digest, bytes] of blobs) {
    const descriptor = { mediaType: '', digest, size: bytes.length };
    await place.blobs.put(descriptor, (offset) => Promise.resolve(Readable.from([bytes.subarray(offset)])));
  }
}

async function flipByte(): Promise<void> {
  const file = join(dir, 'blobs', 'sha256', packImage.slice(7));
  const bytes = Buffer.concat([...tars.values()]);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

interface FakeEngine extends Engine {
  /** The layers of the last load, in order of arrival. */
  readonly sent: readonly Uint8Array[];
  readonly loaded: LoadRequest['image'] | undefined;
  /** Makes the image present from now on. */
  add(): void;
}

function fakeEngine(imageStore: EngineInfo['imageStore'], has: readonly Digest[] = []): FakeEngine {
  let found: EngineImage | undefined;
  const sent: Uint8Array[] = [];
  let loaded: LoadRequest['image'] | undefined;
  const show = (engineImageId: Digest): void => {
    found = { engineImageId, diffIds: image.diffIds, repoTags: [], repoDigests: [] };
  };
  return {
    sent,
    get loaded() {
      return loaded;
    },
    add: () => {
      show(imageStore === 'classic' ? image.config.digest : image.target.digest);
    },
    describe: () =>
      Promise.resolve({
        ...{ location: 'unix:///fake', version: '28.0.0', apiVersion: '1.48', imageStore },
        ...{ storageDriver: imageStore === 'classic' ? 'overlay2' : 'overlayfs', platform },
      }),
    inspect: () => Promise.resolve(found),
    listChainIds: () => Promise.resolve(new Set(has)),
    async load({ image: given, omit, openLayer }) {
      for (const [position, layer] of given.layers.entries()) {
        if (!omit.has(position)) sent.push(await collect(await openLayer(layer)));
      }
      loaded = given;
      show(imageStore === 'classic' ? given.config.digest : given.target.digest);
      return { bytesSent: 1 };
    },
    tag: () => Promise.resolve(),
    remove: () => Promise.resolve(),
    removeUnnamed: () => Promise.resolve(),
    pull: () => Promise.resolve(),
    checkUsable: () => Promise.resolve(),
    checkRunnable: () => Promise.resolve(),
  };
}

function absentEngine(): Engine {
  const refuse = (): Promise<never> =>
    Promise.reject(new EngineError('ENGINE_UNREACHABLE', 'cannot reach the engine'));
  return {
    ...{ describe: refuse, inspect: refuse, listChainIds: refuse, load: refuse, tag: refuse },
    ...{ remove: refuse, removeUnnamed: refuse, pull: refuse, checkRunnable: refuse, checkUsable: refuse },
  };
}

async function collect(bytes: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function raise(): never {
  throw new Error('not found');
}
