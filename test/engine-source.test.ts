import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createDirectoryTransport,
  emptyIndex,
  formatBundleIndex,
  gcBundle,
  initLayout,
  readBundleIndex,
  verifyBundle,
  withEntry,
} from '@drayage/core/bundle';
import { deliverImages, parseReference } from '@drayage/core';
import type { Engine, ImageSaver, DeliveryReport, PrepullEvent } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint, saveIntoBundle } from '@drayage/engine';
import type { ImageInBundle, SavedImage } from '@drayage/engine';

import { engineVariants, startEngine, type EngineVariant, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, pushIndex, type LayerEntry } from './support/images.ts';
import { runOrThrow } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const repository = join(import.meta.dirname, '..');
const memoryLimitBytes = 150 * 1024 * 1024;
const [firstVariant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;

/** A real engine with our adapter for it. */
interface Side extends EngineVariant {
  readonly real: TestEngine;
  readonly engine: Engine & ImageSaver;
}

describeWith({ engine: firstVariant, registry: true }, 'images built in the job', () => {
  const sides: Side[] = [];
  let registry: TestRegistry;
  let folder: string;
  let bundle: string;
  let base: string;

  beforeAll(async () => {
    folder = makeFolder();
    registry = await startRegistry();
    const index = await pushIndex(registry, 'team/base:1', {
      images: [
        { layers: [busyboxLayer(), note('arch', 'amd64')], config: { Cmd: ['cat', '/arch'] } },
        {
          layers: [note('arch', 'arm64')],
          platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
        },
      ],
      withAttestation: true,
    });
    base = index.reference;
    for (const variant of engineVariants) {
      const real = await startEngine(variant);
      const endpoint = await resolveEngineEndpoint({ env: real.env, homeDir: folder });
      sides.push({ ...variant, real, engine: createDockerEngine({ endpoint }) });
    }
  });

  afterAll(async () => {
    for (const { real } of sides) await real.stop();
    await registry.stop();
    await removeFolder(folder);
  });

  beforeEach(async () => {
    bundle = makeFolder();
    await initLayout(bundle);
    for (const { real } of sides) await real.docker(['system', 'prune', '--all', '--force']);
  });

  afterEach(() => removeFolder(bundle));

  const sideOf = ({ name, imageStore }: EngineVariant): Side => {
    const side = sides.find((other) => other.name === name && other.imageStore === imageStore);
    if (side === undefined) throw new Error(`engine ${name} (${imageStore}) was not started`);
    return side;
  };

  /** Builds two layers and some settings on top of another image. */
  const build = async ({ real }: Side, name: string, from = base): Promise<void> => {
    const context = join(folder, `context-${name.replaceAll(/\W/g, '-')}`);
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, 'greeting'), `hello from ${name}\n`);
    const steps = [
      `FROM ${from}`,
      'COPY greeting /greeting',
      'RUN cat /greeting > /copy',
      'ENV MARK=set',
      'CMD ["cat", "/copy"]',
    ];
    writeFileSync(join(context, 'Dockerfile'), steps.join('\n'));
    const env = { DOCKER_BUILDKIT: '0' };
    await real.docker(['build', '--network', 'none', '--tag', name, context], { env });
  };

  const save = async ({ engine }: Side, ...names: string[]): Promise<Saved> =>
    saveAndIndex(bundle, engine, names);
  const loadInto = ({ engine }: Side): Promise<DeliveryReport> => loadAll(bundle, engine);
  const idOf = async ({ real }: Side, name: string): Promise<string> =>
    (await real.docker(['image', 'inspect', '--format', '{{.Id}}', name])).stdout.trim();
  const digestsOf = async ({ real }: Side, name: string): Promise<string> =>
    (await real.docker(['image', 'inspect', '--format', '{{json .RepoDigests}}', name])).stdout.trim();
  const runImage = async ({ real }: Side, name: string): Promise<string> =>
    (await real.docker(['run', '--rm', '--network', 'none', name])).stdout.trim();

  describe.each(engineVariants)('with engine $name, $imageStore store', (variant) => {
    const isContainerd = variant.imageStore === 'containerd';

    test.each(engineVariants)(
      'go to engine $name, $imageStore store, keep their IDs and run there',
      async (target) => {
        const from = sideOf(variant);
        await build(from, 'registry.example:5000/team/built:1');
        const id = await idOf(from, 'registry.example:5000/team/built:1');

        const image = savedImage(await save(from, 'registry.example:5000/team/built:1'));
        expect(isContainerd ? image.entry.target.digest : image.configDigest).toBe(id);
        expect(await verifyBundle(bundle)).toMatchObject({ problems: [] });

        const to = sideOf(target);
        await to.real.docker(['system', 'prune', '--all', '--force']);
        expect(await loadInto(to)).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
        expect(await runImage(to, 'registry.example:5000/team/built:1')).toBe(
          'hello from registry.example:5000/team/built:1',
        );
        expect(await idOf(to, 'registry.example:5000/team/built:1')).toBe(
          target.imageStore === 'containerd' ? image.entry.target.digest : image.configDigest,
        );
      },
    );

    test('share their layers in the bundle, under however many names', async () => {
      const from = sideOf(variant);
      await build(from, 'one:1');
      await build(from, 'two:1', 'one:1');
      await from.real.docker(['tag', 'one:1', 'alias:1']);

      const { images, events } = await save(from, 'two:1', 'one:1', 'alias:1');

      expect(images.map(({ state }) => state)).toEqual(['saved', 'saved', 'saved']);
      const [two, one, alias] = images.map(inBundle);
      expect(alias?.manifestDigest).toBe(one?.manifestDigest);
      const layersOfTwo = two?.blobs.map(({ digest }) => digest) ?? [];
      expect(layersOfTwo).toEqual(expect.arrayContaining([...layersOf(one)]));
      expect(fetchedBlobs(events)).toHaveLength(new Set(fetchedBlobs(events)).size);
      expect((await gcBundle(bundle)).removed).toEqual([]);
      for (const name of ['two:1', 'one:1', 'alias:1']) await from.real.docker(['rmi', name]);
      expect(await loadInto(from)).toMatchObject({ outcome: 'hit' });
      expect(await runImage(from, 'alias:1')).toBe('hello from one:1');
      expect(await runImage(from, 'two:1')).toBe('hello from two:1');
    });

    test('are not moved again when the bundle has them, and only new layers are written', async () => {
      const from = sideOf(variant);
      await build(from, 'app:1');
      await save(from, 'app:1');

      const again = await save(from, 'app:1');
      expect(again.events.filter(({ type }) => type === 'bytes')).toEqual([]);
      expect(inBundle(again.images[0])?.blobs.length).toBeGreaterThan(0);

      await build(from, 'app:2', 'app:1');
      const next = await save(from, 'app:2');
      expect(layersOf(inBundle(next.images[0]))).toHaveLength(6);
      // Two layers and the config.
      expect(fetchedBlobs(next.events)).toHaveLength(3);
    });

    test('do not take those along that are missing', async () => {
      const from = sideOf(variant);
      await build(from, 'there:1');
      const { images } = await save(from, 'not-there:1', 'there:1');
      expect(images).toMatchObject([
        { state: 'failed', error: { code: 'ENGINE_IMAGE_NOT_FOUND' } },
        { state: 'saved' },
      ]);
      const [missing] = images;
      expect(missing?.state === 'failed' && missing.error.message).toContain('not-there:1');

      const direct = from.engine.save([parseReference('not-there:1')]);
      await expect(direct).rejects.toMatchObject({ code: 'ENGINE_IMAGE_NOT_FOUND' });
    });

    test('may also be pulled ones, with what the store knows of their origin', async () => {
      const from = sideOf(variant);
      await from.real.docker(['pull', base]);
      const digests = await digestsOf(from, base);

      const image = savedImage(await save(from, base));

      expect((await gcBundle(bundle)).removed).toEqual([]);
      await from.real.docker(['rmi', base]);
      await loadInto(from);
      expect(await runImage(from, base)).toBe('amd64');
      expect(await digestsOf(from, base)).toBe(isContainerd ? digests : '[]');
      expect(image.entry.target.digest === image.manifestDigest).toBe(!isContainerd);
    });

    test('with the same layer twice and Docker media types arrive whole', async () => {
      const from = sideOf(variant);
      const pushed = await pushImage(registry, 'team/twice:1', {
        layers: [busyboxLayer(), note('same', 'one'), note('same', 'one')],
        config: { Cmd: ['cat', '/same'] },
        mediaTypes: 'docker',
      });
      await from.real.docker(['pull', pushed.reference]);
      const id = await idOf(from, pushed.reference);

      const image = savedImage(await save(from, pushed.reference));

      expect(image.layers).toBe(3);
      expect(image.configDigest).toBe(pushed.config.digest);
      await from.real.docker(['rmi', pushed.reference]);
      await loadInto(from);
      expect(await idOf(from, pushed.reference)).toBe(id);
      expect(await runImage(from, pushed.reference)).toBe('one');
    });
  });

  describeWith({ programs: ['skopeo', 'umoci'] }, 'for the tools of others', () => {
    test.each(engineVariants)(
      'are read by skopeo and umoci (engine $name, $imageStore store)',
      async (variant) => {
        const from = sideOf(variant);
        await build(from, 'tools:1');
        await save(from, 'tools:1');
        const image = `${bundle}:docker.io/library/tools:1`;
        await runOrThrow('skopeo', ['copy', `oci:${image}`, `dir:${join(bundle, 'copied')}`]);
        await runOrThrow('umoci', ['unpack', '--image', image, join(bundle, 'unpacked')]);
        const { stdout } = await runOrThrow('cat', [join(bundle, 'unpacked/rootfs/copy')]);
        expect(stdout).toBe('hello from tools:1\n');
      },
    );
  });

  test.each(engineVariants)(
    'of 200 MB need little memory (engine $name, $imageStore store)',
    async (variant) => {
      const from = sideOf(variant);
      const { reference } = await pushImage(registry, 'team/large:1', {
        layers: [[{ path: 'large', content: { seed: 'large', sizeBytes: 200_000_000 } }]],
      });
      await from.real.docker(['pull', reference]);
      const { peakRssBytes, stdout } = await runOrThrow(
        process.execPath,
        ['--input-type=module', '--eval', saveInOwnProcess, bundle, reference],
        { cwd: repository, env: from.real.env },
      );
      expect(stdout).toBe('saved');
      expect(peakRssBytes).toBeGreaterThan(0);
      expect(peakRssBytes).toBeLessThan(memoryLimitBytes);
    },
  );
});

const saveInOwnProcess = `
  import { createDirectoryTransport } from '@drayage/core/bundle';
  import { parseReference } from '@drayage/core';
  import { createDockerEngine, resolveEngineEndpoint, saveIntoBundle } from '@drayage/engine';
  const [dir, name] = process.argv.slice(1);
  const engine = createDockerEngine({ endpoint: await resolveEngineEndpoint({ env: process.env, homeDir: '/' }) });
  const bundle = createDirectoryTransport(dir);
  const [image] = await saveIntoBundle({ engine, references: [parseReference(name)], bundle });
  process.stdout.write(image.state);
  process.exit();
`;

/** The result of a save, and the events that it reported. */
interface Saved {
  readonly images: readonly SavedImage[];
  readonly events: readonly PrepullEvent[];
}

/** Saves, and adds what was saved to the bundle's index, as a pre-pull does. */
async function saveAndIndex(
  bundle: string,
  engine: Engine & ImageSaver,
  names: readonly string[],
): Promise<Saved> {
  const destination = createDirectoryTransport(bundle);
  const { documents } = destination;
  const events: PrepullEvent[] = [];
  const images = await saveIntoBundle({
    engine,
    references: names.map(parseReference),
    bundle: destination,
    onEvent: (event) => events.push(event),
  });
  const before = (await readBundleIndex(documents)) ?? emptyIndex;
  const entries = images.flatMap((image) => (image.state === 'saved' ? [image.entry] : []));
  await documents.write('index.json', formatBundleIndex(entries.reduce(withEntry, before)));
  return { images, events };
}

function loadAll(bundle: string, engine: Engine): Promise<DeliveryReport> {
  return deliverImages(bundle, engine, {
    delivery: 'load',
    onMiss: 'fail',
    concurrency: 2,
    policy: { timeoutMs: 1_000, graceMs: 0, settled: true },
    pollMs: 100,
  });
}

function inBundle(image: SavedImage | undefined): ImageInBundle | undefined {
  return image?.state === 'saved' ? image : undefined;
}

function savedImage({ images }: Saved): ImageInBundle {
  const [image] = images;
  if (image?.state === 'saved') return image;
  throw image?.error ?? new Error('nothing was saved');
}

function layersOf(image: ImageInBundle | undefined): readonly string[] {
  return (image?.blobs ?? [])
    .filter(({ mediaType }) => /layer|rootfs/.test(mediaType))
    .map(({ digest }) => digest);
}

function fetchedBlobs(events: readonly PrepullEvent[]): readonly string[] {
  return events.flatMap((event) =>
    event.type === 'blob' && event.bytesFetched > 0 ? [event.descriptor.digest] : [],
  );
}

function note(path: string, text: string): readonly LayerEntry[] {
  return [{ path, content: `${text}\n` }];
}
