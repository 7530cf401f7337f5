import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readBundleIndex } from '../bundle/bundle-index.ts';
import { verifyBundle } from '../bundle/verify.ts';
import { DrayError } from '../errors.ts';
import { createDirectoryTransport } from '../handover/directory-transport.ts';
import { fixedImage } from '../image-set/prepull-image.ts';
import { formatReference, parseReference } from '../image/reference.ts';
import { parseStatus, type StatusDocument } from '../rendezvous/status.ts';
import { ingestDirectory, initLayout } from '../store/layout.ts';
import { ownedName } from '../store/owner.ts';
import { createMemorySource, type MemorySource } from '../testing/memory-source.ts';
import { nestImage } from '../testing/nest-image.ts';
import { createMemoryTransport } from '../testing/memory-transport.ts';
import { randomImage, randomIndex, type RandomImage, type RandomIndex } from '../testing/random-image.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../testing/temporary-directory.ts';
import { fromRegistry } from './from-registry.ts';
import { prepull, type PrepullRequest } from './prepull.ts';
import type { PrepullReport } from './report.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const app = randomImage({ seed: 1, layers: 3 });
// Shares its lower layers with app:1.
const next = randomImage({ seed: 1, layers: 4 });
const multi = randomIndex({ seed: 2 });
const images = new Map<string, RandomImage | RandomIndex>([
  ['registry.test/app:1', app],
  ['registry.test/app:2', next],
  ['registry.test/multi:1', multi],
]);

let directory: TemporaryDirectory;
let source: MemorySource;

beforeEach(async () => {
  directory = await temporaryDirectory();
  source = createMemorySource(images);
});

afterEach(() => directory.remove());

describe('a pre-pull into a directory', () => {
  test('stores every image completely, under its name', async () => {
    const report = await run(['app:1', 'multi:1']);
    expect(report).toMatchObject({
      outcome: 'ready',
      images: [
        { reference: 'registry.test/app:1', state: 'ready', manifestDigest: app.manifest.digest, layers: 3 },
        { reference: 'registry.test/multi:1', state: 'ready' },
      ],
    });
    expect(await verifyBundle(bundle())).toMatchObject({ ok: true, images: 2 });
    expect(await namesIn(bundle())).toEqual(['registry.test/app:1', 'registry.test/multi:1']);
  });

  test('fetches only the image for the platform from an index', async () => {
    const [amd64, arm64] = multi.images;
    await run(['multi:1']);
    expect(source.opened.toSorted()).toEqual(blobsOf(amd64).toSorted());
    expect(source.opened.filter((digest) => blobsOf(arm64).includes(digest))).toEqual([]);
  });

  test.each([2, 8])('stores and hands over the %i indexes above an image', async (depth) => {
    const nested = nestImage(multi, { depth: depth - 1 });
    source = createMemorySource(new Map([['registry.test/nested:1', { ...multi, ...nested }]]));
    const location = join(directory.path, 'handover');
    await initLayout(location);
    const report = await run(['nested:1'], { handover: createDirectoryTransport(location) });
    expect(report).toMatchObject({
      outcome: 'ready',
      images: [{ state: 'ready', manifestDigest: multi.images[0]?.manifest.digest }],
    });
    for (const dir of [bundle(), location]) {
      expect(await verifyBundle(dir)).toMatchObject({ ok: true, images: 1, blobs: depth + 4 });
    }
    expect(await run(['nested:1'])).toMatchObject({ outcome: 'ready', bytesFetched: 0 });
  });

  test('refuses an image below more indexes than 8', async () => {
    const nested = nestImage(multi, { depth: 8 });
    source = createMemorySource(new Map([['registry.test/nested:1', { ...multi, ...nested }]]));
    expect(await run(['nested:1'])).toMatchObject({
      outcome: 'failed',
      images: [{ error: { code: 'MANIFEST_INVALID' } }],
    });
  });

  test('opens a shared blob once', async () => {
    const report = await run(['app:1', 'app:2']);
    expect(report.outcome).toBe('ready');
    expect(source.opened).toHaveLength(new Set(source.opened).size);
    expect(new Set(source.opened)).toEqual(new Set([...blobsOf(app), ...blobsOf(next)]));
  });

  test('opens nothing that an earlier pre-pull has stored', async () => {
    const first = await run(['app:1']);
    const before = source.opened.length;
    const second = await run(['app:1']);
    expect(source.opened).toHaveLength(before);
    const bytes = [app.config, ...app.layers].reduce((sum, { size }) => sum + size, 0);
    expect(first).toMatchObject({ bytesFetched: bytes + app.manifest.size, bytesReused: 0 });
    expect(second).toMatchObject({ outcome: 'ready', bytesFetched: 0, bytesReused: bytes });
  });

  test('moves nothing that the handover location has already, and leaves it out of the bundle', async () => {
    const handover = createMemoryTransport();
    const first = await run(['app:1'], { handover });
    expect(first.sent).toMatchObject({ blobs: new Set(blobsOf(app)).size + 1 });
    const elsewhere = join(directory.path, 'another-node');
    await initLayout(elsewhere);
    const opened = source.opened.length;
    const node = { handover, bundle: createDirectoryTransport(elsewhere) };
    const second = await run(['app:1'], node);
    expect(second).toMatchObject({ outcome: 'ready', bytesFetched: 0, sent: { blobs: 0, bytes: 0 } });
    expect(source.opened).toHaveLength(opened);
    expect(await namesIn(elsewhere)).toEqual([]);
    expect(await readBundleIndex(handover.documents)).toMatchObject({ entries: [{ target: app.manifest }] });
    const third = await run(['app:2'], node);
    // The manifest, the config and one new layer.
    expect(third.sent).toMatchObject({ blobs: 3 });
    expect(source.opened.slice(opened).toSorted()).toEqual(
      blobsOf(next)
        .filter((digest) => !blobsOf(app).includes(digest))
        .toSorted(),
    );
  });

  test('skips an optional image that does not exist', async () => {
    const wanted = [image('app:1'), fixedImage(parseReference('registry.test/none:1'), true)];
    const report = await run(wanted);
    expect(report).toMatchObject({ outcome: 'ready', images: [{ state: 'ready' }, { state: 'skipped' }] });
    expect((await statusIn(bundle())).images.map(({ state }) => state)).toEqual(['ready', 'skipped']);
  });

  test('keeps the fetched images when another fails', async () => {
    const report = await run(['none:1', 'app:1']);
    expect(report).toMatchObject({
      outcome: 'partial',
      images: [{ state: 'failed', error: { code: 'REGISTRY_NOT_FOUND' } }, { state: 'ready' }],
    });
    expect(await verifyBundle(bundle())).toMatchObject({ ok: true, images: 1 });
    expect(await statusIn(bundle())).toMatchObject({ state: 'ready' });
  });

  test('stores no blob whose bytes do not match its digest', async () => {
    const [layer] = app.layers;
    if (layer === undefined) throw new Error('the image has no layer');
    const blobs = new Map(app.blobs).set(layer.digest, new Uint8Array(layer.size));
    source = createMemorySource(new Map([['registry.test/app:1', { ...app, blobs }]]));
    const report = await run(['app:1']);
    expect(report).toMatchObject({ outcome: 'failed', images: [{ error: { code: 'DIGEST_MISMATCH' } }] });
    expect(await createDirectoryTransport(bundle()).blobs.stat(layer.digest)).toBeUndefined();
    expect(await namesIn(bundle())).toEqual([]);
  });

  test('hands over the same images', async () => {
    const location = join(directory.path, 'handover');
    await initLayout(location);
    const handover = createDirectoryTransport(location);
    expect(await run(['app:1', 'multi:1'], { handover })).toMatchObject({ outcome: 'ready' });
    expect(await verifyBundle(location)).toMatchObject({ ok: true, images: 2 });
    expect(await statusIn(location)).toMatchObject({ state: 'ready' });
  });
});

describe('the status document of a pre-pull', () => {
  test('removes what killed pre-pulls left unfinished, but nothing of a living process', async () => {
    const handover = join(directory.path, 'handover');
    const living = ownedName('dray-status.json');
    // Above the highest process id of Linux.
    const dead = ownedName('index.json').replace(`-${String(process.pid)}-`, '-99999999-');
    for (const dir of [bundle(), handover]) {
      await initLayout(dir);
      for (const name of [living, dead]) await writeFile(join(ingestDirectory(dir), name), 'unfinished');
      await mkdir(join(dir, '.dray', 'work', dead), { recursive: true });
    }
    await run(['app:1'], { handover: createDirectoryTransport(handover) });
    for (const dir of [bundle(), handover]) {
      expect(await readdir(ingestDirectory(dir))).toEqual([living]);
      expect(await readdir(join(dir, '.dray', 'work'))).toEqual([]);
    }
  });

  test('says running and names the images before anything is resolved', async () => {
    let seen: StatusDocument | undefined;
    await run(['app:1'], {
      pipeline: '17',
      prepare: async () => {
        expect(source.opened).toEqual([]);
        seen = await statusIn(bundle());
      },
    });
    expect(seen).toMatchObject({
      state: 'running',
      pipeline: '17',
      images: [{ reference: 'registry.test/app:1', state: 'pending' }],
    });
  });

  test('gives the reason when preparation fails, and nothing is read', async () => {
    const report = await run(['app:1'], {
      prepare: () => Promise.reject(new DrayError('PREPARE_FAILED', 'cannot run ./login.sh: exit 1')),
    });
    const failure = { code: 'PREPARE_FAILED', message: 'cannot run ./login.sh: exit 1' };
    expect(report).toMatchObject({ outcome: 'failed', error: failure });
    expect(await statusIn(bundle())).toMatchObject({ state: 'failed', error: failure });
    expect(source.opened).toEqual([]);
  });

  test('says cancelled when the pre-pull was stopped', async () => {
    const controller = new AbortController();
    const report = await run(['app:1'], {
      signal: controller.signal,
      prepare: async () => {
        controller.abort(new DrayError('ABORTED', 'stopped'));
      },
    });
    expect(report.outcome).toBe('cancelled');
    expect(await statusIn(bundle())).toMatchObject({ state: 'cancelled', images: [{ state: 'pending' }] });
  });
});

type Wanted = PrepullRequest['images'][number];

async function run(
  wanted: readonly (string | Wanted)[],
  options: Partial<PrepullRequest> = {},
): Promise<PrepullReport> {
  await initLayout(bundle());
  return prepull({
    images: wanted.map((each) => (typeof each === 'string' ? image(each) : each)),
    platform,
    origin: fromRegistry(source),
    bundle: createDirectoryTransport(bundle()),
    concurrency: 4,
    ...options,
  });
}

function image(name: string): Wanted {
  return fixedImage(parseReference(`registry.test/${name}`));
}

function bundle(): string {
  return join(directory.path, 'bundle');
}

/** The blobs opened for an image: its config and layers. */
function blobsOf(of: RandomImage | undefined): string[] {
  if (of === undefined) throw new Error('no such image');
  return [of.config, ...of.layers].map(({ digest }) => digest);
}

async function namesIn(location: string): Promise<readonly string[]> {
  const index = await readBundleIndex(createDirectoryTransport(location).documents);
  return (index?.entries ?? []).flatMap(({ reference }) =>
    reference === undefined ? [] : [formatReference(reference)],
  );
}

async function statusIn(location: string): Promise<StatusDocument> {
  return parseStatus(await readFile(join(location, 'dray-status.json')));
}
