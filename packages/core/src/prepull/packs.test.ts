import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ByteStream } from '../blob-store.ts';
import { readBundleIndex } from '../bundle/bundle-index.ts';
import { gcBundle } from '../bundle/gc.ts';
import { inspectBundle } from '../bundle/inspect.ts';
import { packedLayers, readPacks } from '../bundle/packed-layers.ts';
import { packMediaTypes, type PackedLayer } from '../bundle/pack-types.ts';
import { verifyBundle } from '../bundle/verify.ts';
import { DrayError } from '../errors.ts';
import { createDirectoryTransport } from '../handover/directory-transport.ts';
import { fixedImage, type PrepullImage } from '../image-set/prepull-image.ts';
import type { Digest } from '../image/digest.ts';
import { parseReference } from '../image/reference.ts';
import type { PackRequest, PackWriter } from '../pack-writer.ts';
import type { Source } from '../source.ts';
import { createPackStore } from '../store/pack-store.ts';
import { initLayout } from '../store/layout.ts';
import { randomImage } from '../testing/random-image.ts';
import type { PrepullEvent } from './events.ts';
import { fromRegistry } from './from-registry.ts';
import { prepull } from './prepull.ts';
import type { PrepullReport } from './report.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const app = randomImage({ seed: 1, layers: 3 });
// Shares the layers of the first image.
const next = randomImage({ seed: 1, layers: 4 });
const images = new Map([
  ['registry.test/app:1', app],
  ['registry.test/app:2', next],
]);

let dir: string;
let fetched: Digest[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drayage-'));
  fetched = [];
});

afterEach(() => rm(dir, { recursive: true }));

describe('a pre-pull that makes packs', () => {
  test('replaces layers by packs, and the bundle counts as complete', async () => {
    const { report } = await run(['registry.test/app:1']);
    expect(report.outcome).toBe('ready');
    const { blobs } = createDirectoryTransport(bundle());
    for (const layer of app.layers) expect(await blobs.stat(layer.digest)).toBeUndefined();
    expect([...(await layersInPacks()).keys()].sort()).toEqual([...app.diffIds].sort());
    expect(await verifyBundle(bundle())).toMatchObject({ ok: true });
    expect((await inspectBundle(bundle())).images).toMatchObject([{ complete: true }]);
  });

  test('also keeps the layers when both are requested', async () => {
    await run(['registry.test/app:1'], { form: 'both' });
    const { blobs } = createDirectoryTransport(bundle());
    for (const layer of app.layers) expect(await blobs.stat(layer.digest)).toBeDefined();
    expect((await layersInPacks()).size).toBe(3);
  });

  test('hands over packs without layers', async () => {
    const place = join(dir, 'place');
    await initLayout(place);
    await run(['registry.test/app:1'], { handover: place });
    expect(await verifyBundle(place)).toMatchObject({ ok: true, images: 1 });
    const { blobs } = createDirectoryTransport(place);
    for (const layer of app.layers) expect(await blobs.stat(layer.digest)).toBeUndefined();
  });

  test('fetches and packs only the layers that no earlier pack holds', async () => {
    await run(['registry.test/app:1']);
    fetched = [];
    const { written } = await run(['registry.test/app:2']);
    expect(written).toEqual([next.diffIds.slice(-1)]);
    expect(fetched.filter((digest) => app.layers.some((layer) => layer.digest === digest))).toEqual([]);
    expect((await packs()).map(({ layers }) => layers.length)).toEqual([3, 1]);
    expect(await verifyBundle(bundle())).toMatchObject({ ok: true, images: 2 });
  });

  test('makes no pack when there is nothing new', async () => {
    await run(['registry.test/app:1']);
    expect((await run(['registry.test/app:1'])).written).toEqual([]);
    expect(await packs()).toHaveLength(1);
  });

  test('on request replaces all packs by one, unless an image still needs an old one', async () => {
    await run(['registry.test/app:1']);
    await run(['registry.test/app:2']);
    await run(['registry.test/app:2'], { repack: true });
    expect((await packs()).map(({ layers }) => layers.length)).toEqual([4]);
    await run(['registry.test/app:1'], { repack: true });
    // The second image needs the fourth layer.
    expect((await packs()).map(({ layers }) => layers.length).sort()).toEqual([3, 4]);
    expect((await gcBundle(bundle())).removed).toEqual([]);
    expect(await verifyBundle(bundle())).toMatchObject({ ok: true, images: 2 });
  });

  test('packs layers in the same order, regardless of the order of the images', async () => {
    const { written } = await run(['registry.test/app:1', 'registry.test/app:2']);
    await rm(bundle(), { recursive: true });
    expect((await run(['registry.test/app:2', 'registry.test/app:1'])).written).toEqual(written);
  });

  test('keeps and hands over a layer that cannot be packed', async () => {
    const place = join(dir, 'place');
    await initLayout(place);
    const [bad] = app.diffIds;
    const { report, warnings } = await run(['registry.test/app:1'], { handover: place, refuse: bad });
    expect(report.outcome).toBe('ready');
    expect(warnings).toHaveLength(1);
    expect((await layersInPacks()).size).toBe(2);
    expect(await verifyBundle(bundle())).toMatchObject({ ok: true });
    expect(await verifyBundle(place)).toMatchObject({ ok: true });
  });

  test('falls back to layers when it cannot make packs', async () => {
    const place = join(dir, 'place');
    await initLayout(place);
    const { report, warnings } = await run(['registry.test/app:1'], { handover: place, fail: true });
    expect(report.outcome).toBe('ready');
    expect(warnings[0]).toContain('no such program');
    expect(await packs()).toEqual([]);
    expect(await verifyBundle(place)).toMatchObject({ ok: true, images: 1 });
  });

  test('rebuilds a damaged pack', async () => {
    await run(['registry.test/app:1']);
    const [pack] = await packs();
    await rm(join(bundle(), 'blobs', 'sha256', pack?.config.digest.slice(7) ?? ''));
    await run(['registry.test/app:1']);
    expect(await verifyBundle(bundle())).toMatchObject({ ok: true });
  });

  test('packs the fetched images when another fails', async () => {
    const { report } = await run(['registry.test/app:1', 'registry.test/absent:1']);
    expect(report.outcome).toBe('partial');
    expect((await layersInPacks()).size).toBe(3);
  });
});

describe('a bundle with truncated packs', () => {
  test('is reported to lack the layers', async () => {
    await run(['registry.test/app:1']);
    const [pack] = await packs();
    await rm(join(bundle(), 'blobs', 'sha256', pack?.image.digest.slice(7) ?? ''));
    const { ok, problems } = await verifyBundle(bundle());
    expect(ok).toBe(false);
    expect(problems.map(({ digest }) => digest)).toEqual(
      expect.arrayContaining([pack?.image.digest, ...app.layers.map(({ digest }) => digest)]),
    );
  });
});

interface RunOptions {
  readonly form?: 'packs' | 'both' | undefined;
  readonly repack?: boolean | undefined;
  readonly handover?: string | undefined;
  readonly refuse?: Digest | undefined;
  readonly fail?: boolean | undefined;
}

interface RunResult {
  readonly report: PrepullReport;
  readonly warnings: readonly string[];
  /** The diffIds of each completed pack. */
  readonly written: readonly (readonly Digest[])[];
}

async function run(names: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const events: PrepullEvent[] = [];
  const written: (readonly Digest[])[] = [];
  await initLayout(bundle());
  const report = await prepull({
    images: names.map(wanted),
    platform,
    origin: fromRegistry(source()),
    bundle: createDirectoryTransport(bundle()),
    handover: options.handover === undefined ? undefined : createDirectoryTransport(options.handover),
    packing: {
      form: options.form ?? 'packs',
      filesystem: 'squashfs',
      repack: options.repack ?? false,
      writer: concatenatingWriter(written, options),
      store: createPackStore(bundle()),
    },
    concurrency: 4,
    onEvent: (event) => events.push(event),
  });
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  return { report, warnings, written };
}

function bundle(): string {
  return join(dir, 'bundle');
}

function wanted(text: string): PrepullImage {
  return fixedImage(parseReference(text));
}

async function packs(): ReturnType<typeof readPacks> {
  const { blobs, documents } = createDirectoryTransport(bundle());
  return readPacks(blobs, (await readBundleIndex(documents))?.packs ?? []);
}

async function layersInPacks(): Promise<ReturnType<typeof packedLayers>> {
  return packedLayers(await packs());
}

/** Writes the layer tars one after the other; the tar itself serves as its tar-split. */
function concatenatingWriter(written: (readonly Digest[])[], { refuse, fail }: RunOptions): PackWriter {
  return {
    async write({ layers, file, ingest }: PackRequest) {
      if (fail === true) throw new DrayError('PACK_TOOL_MISSING', 'cannot make a pack: no such program');
      const made: PackedLayer[] = [];
      await writeFile(file, '', { flag: 'wx' });
      for await (const { diffId, open } of layers) {
        if (diffId === refuse) {
          await rm(file);
          throw new DrayError('PACK_LAYER_UNSUPPORTED', 'cannot pack it', { details: { diffId } });
        }
        const tar = gunzipSync(await collect(await open()));
        const { digest, size } = await ingest.ingest(Readable.from([tar]));
        await writeFile(file, Buffer.concat([await readFile(file), tar]));
        const tarSplit = { mediaType: packMediaTypes.tarSplit, digest, size };
        made.push({ diffId, size, tarSize: tar.length, entries: 1, tarSplit });
      }
      written.push(made.map(({ diffId }) => diffId));
      return made;
    },
  };
}

function source(): Source {
  const blob = (digest: Digest): Uint8Array => {
    fetched.push(digest);
    return (
      [...images.values()].map(({ blobs }) => blobs.get(digest)).find((bytes) => bytes !== undefined) ??
      raise()
    );
  };
  return {
    async resolve(reference) {
      const image = images.get(`${reference.registry}/${reference.repository}:${reference.tag ?? ''}`);
      return image?.target ?? raise();
    },
    fetchManifest: (_, { digest }) => Promise.resolve(blob(digest)),
    openBlob: (_, { digest }, { offset = 0 } = {}) =>
      Promise.resolve(Readable.from([blob(digest).subarray(offset)])),
    close: () => Promise.resolve(),
  };
}

async function collect(bytes: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function raise(): never {
  throw new DrayError('REGISTRY_NOT_FOUND', 'cannot find it');
}
