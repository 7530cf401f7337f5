import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chainIds, parseManifest } from '@drayage/core/image';
import { parseDigest, parseReference } from '@drayage/core';
import type { Descriptor, Engine, LoadableImage, LoadRequest } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';

import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import {
  buildImage,
  descriptorOf,
  makeDocument,
  type BuiltImage,
  type Document,
  type ImageSpec,
} from './support/image-build.ts';
import { busyboxLayer, pushImage, pushIndex, type LayerEntry } from './support/images.ts';
import { documentTypes } from './support/media-types.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

const linux = { os: 'linux', architecture: 'amd64' };

describe.each(engineVariants)('the adapter for engine $name with the $imageStore store', (variant) => {
  const isContainerd = variant.imageStore === 'containerd';

  describeWith({ engine: variant, registry: true, programs: ['busybox', 'zstd'] }, 'on a real engine', () => {
    let real: TestEngine;
    let registry: TestRegistry;
    let engine: Engine;
    let folder: string;

    beforeAll(async () => {
      folder = makeFolder();
      registry = await startRegistry({ htpasswd: { user: 'ci', password: 'open sesame?>' } });
      real = await startEngine(variant);
      const endpoint = await resolveEngineEndpoint({ env: real.env, homeDir: folder });
      engine = createDockerEngine({
        endpoint,
        authFor: () =>
          Promise.resolve({ username: 'ci', password: 'open sesame?>', serveraddress: registry.host }),
      });
    });

    afterAll(async () => {
      await real.stop();
      await registry.stop();
      await removeFolder(folder);
    });

    const build = (spec: ImageSpec): Promise<BuiltImage> => buildImage(folder, spec);
    const expectedId = (built: BuiltImage, target: Document = built.manifest): string =>
      isContainerd ? target.digest : built.config.digest;
    const show = async (name: string, file: string): Promise<string> =>
      (await real.docker(['run', '--rm', '--network', 'none', name, 'cat', `/${file}`])).stdout.trim();

    test('knows the engine', async () => {
      expect(await engine.describe()).toMatchObject({
        location: real.host,
        version: real.version,
        imageStore: variant.imageStore,
        platform: linux,
      });
    });

    test('loads a whole image, which runs and can be saved', async () => {
      const built = await build({ layers: [busyboxLayer(), note('whole', 'one')] });

      const { bytesSent } = await engine.load(requestFor(built, 'team/whole:1'));

      expect(bytesSent).toBeGreaterThan(sizeOf(built.layers));
      const image = await engine.inspect(parseReference('team/whole:1'));
      expect(image).toMatchObject({
        engineImageId: expectedId(built),
        diffIds: built.layers.map(({ diffId }) => diffId),
        repoTags: ['team/whole:1'],
      });
      expect(await show('team/whole:1', 'whole')).toBe('one');
      await real.docker(['save', '--output', `${folder}/whole.tar`, 'team/whole:1']);
    });

    test('sends only the layers that the engine lacks', async () => {
      const tool = await build({ layers: [busyboxLayer(), note('tool', 'tool')] });
      const app = await build({ layers: [busyboxLayer(), note('tool', 'tool'), note('app', 'app')] });
      await engine.load(requestFor(tool, 'tool:1'));

      const known = await engine.listChainIds();
      expect(chainIds(diffIdsOf(app)).map((id) => known.has(id))).toEqual([true, true, false]);
      const { bytesSent } = await engine.load(
        requestFor(app, 'registry.example:5000/app:1', { omit: [0, 1] }),
      );

      expect(bytesSent).toBeLessThan(sizeOf(app.layers.slice(2)) + 16 * 1024);
      expect(await show('registry.example:5000/app:1', 'app')).toBe('app');
      expect((await engine.inspect(parseReference('registry.example:5000/app:1')))?.engineImageId).toBe(
        expectedId(app),
      );
    });

    test('says that a layer is missing, and loads the image when all of it is sent', async () => {
      const built = await build({ layers: [busyboxLayer(), note('lost', 'lost'), note('top', 'top')] });
      const thin = engine.load(requestFor(built, 'lost:1', { omit: [0, 1] }));
      await expect(thin).rejects.toMatchObject({ code: 'ENGINE_LAYER_MISSING' });
      const broken = await engine.inspect(parseReference('lost:1'));
      if (broken !== undefined) {
        await expect(engine.checkUsable(broken.engineImageId)).rejects.toMatchObject({
          code: 'ENGINE_LAYER_MISSING',
        });
      }
      const known = await engine.listChainIds();
      expect(
        chainIds(diffIdsOf(built))
          .slice(1)
          .filter((id) => known.has(id)),
      ).toEqual([]);

      await engine.load(requestFor(built, 'lost:1'));

      expect(await show('lost:1', 'lost')).toBe('lost');
    });

    test('loads layers compressed with zstd', async () => {
      const built = await build({ layers: [busyboxLayer(), note('zstd', 'zstd')], compression: 'zstd' });
      await engine.load(requestFor(built, 'zstd:1'));
      expect(await show('zstd:1', 'zstd')).toBe('zstd');
    });

    test('loads one platform of an index', async () => {
      const built = await build({ layers: [busyboxLayer(), note('amd', 'amd')] });
      const arm = await build({
        layers: [note('arm', 'arm')],
        platform: { os: 'linux', architecture: 'arm64' },
      });
      const index = indexOf(built, arm);

      await engine.load(requestFor(built, 'many:1', { index }));

      expect((await engine.inspect(parseReference('many:1')))?.engineImageId).toBe(expectedId(built, index));
      expect(await show('many:1', 'amd')).toBe('amd');
    });

    test('makes an image known by its digest where the store can', async () => {
      const built = await build({ layers: [busyboxLayer(), note('digest', 'digest')] });
      const index = indexOf(built);
      const name = `ghcr.io/org/app@${index.digest}`;

      await engine.load(requestFor(built, name, { index }));

      const found = await engine.inspect(parseReference(name));
      expect(found?.repoDigests).toEqual(isContainerd ? [name] : undefined);
      const other = await engine.inspect(parseReference(`ghcr.io/org/app:with-a-tag@${index.digest}`));
      expect(other).toEqual(found);
      if (isContainerd) expect(await show(name, 'digest')).toBe('digest');
    });

    test('loads an image without a name and gives it one', async () => {
      const built = await build({ layers: [busyboxLayer(), note('nameless', 'nameless')] });
      const id = parseDigest(expectedId(built));

      await engine.load(requestFor(built, undefined));
      expect(await engine.inspect(id)).toMatchObject({ engineImageId: id, repoTags: [] });
      await engine.tag(id, parseReference('named.example/at-last:1'));

      expect(await engine.inspect(parseReference('named.example/at-last:1'))).toMatchObject({
        engineImageId: id,
      });
      await engine.checkUsable(id);
      expect((await real.docker(['ps', '--all', '--quiet'])).stdout).toBe('');
    });

    test('removes images without a name by label and age', async () => {
      const labelled = { Labels: { 'test.part': 'true' } };
      const [old, named, other] = [
        await build({ layers: [busyboxLayer(), note('old', 'old')], config: labelled }),
        await build({ layers: [busyboxLayer(), note('named', 'named')], config: labelled }),
        await build({ layers: [busyboxLayer(), note('other', 'other')] }),
      ];
      await engine.load(requestFor(old, undefined));
      await engine.load(requestFor(named, 'team/labelled:1'));
      await engine.load(requestFor(other, undefined));
      const hasOld = async () => (await engine.inspect(parseDigest(expectedId(old)))) !== undefined;

      // The configs are of 1970. A containerd store counts from the load instead.
      await engine.removeUnnamed('test.part', 100 * 365 * 86_400_000);
      expect(await hasOld()).toBe(true);
      await waitUntil(async () => {
        await engine.removeUnnamed('test.part', 1_000);
        return !(await hasOld());
      }, 'the old image is removed');

      expect(await engine.inspect(parseReference('team/labelled:1'))).toBeDefined();
      expect(await engine.inspect(parseDigest(expectedId(other)))).toBeDefined();
    });

    test('does not count layers that a store has not unpacked', async () => {
      const arm = await build({
        layers: [note('arm-base', 'arm'), note('arm', 'arm')],
        platform: { os: 'linux', architecture: 'arm64' },
      });
      await engine.load(requestFor(arm, 'arm:1'));

      const known = await engine.listChainIds();

      const built = await build({ layers: [note('arm-base', 'arm'), busyboxLayer()] });
      const omit = chainIds(diffIdsOf(built)).flatMap((id, position) => (known.has(id) ? [position] : []));
      await engine.load(requestFor(built, 'on-arm-base:1', { omit }));
      expect(await show('on-arm-base:1', 'arm-base')).toBe('arm');
    });

    test('passes on the error of a layer, and the engine stays intact', async () => {
      const built = await build({ layers: [busyboxLayer(), note('broken', 'broken')] });
      const broken = Object.assign(new Error('no such blob'), { code: 'BLOB_MISSING' });
      const openLayer = (): Promise<never> => Promise.reject(broken);
      await expect(engine.load({ ...requestFor(built, 'broken:1'), openLayer })).rejects.toBe(broken);
      expect(await engine.inspect(parseReference('broken:1'))).toBeUndefined();

      await engine.load(requestFor(built, 'broken:1'));

      expect(await show('broken:1', 'broken')).toBe('broken');
    });

    test('does not take layers whose bytes are wrong', async () => {
      const built = await build({ layers: [busyboxLayer(), note('wrong', 'wrong')] });
      const openLayer = (layer: Descriptor): Promise<Readable> =>
        Promise.resolve(Readable.from([Buffer.alloc(layer.size, 'x')]));
      await expect(engine.load({ ...requestFor(built, 'wrong:1'), openLayer })).rejects.toMatchObject({
        code: 'ENGINE_LOAD_FAILED',
        message: expect.stringContaining('wrong:1'),
      });
    });

    test('pulls with credentials, and once more without moving a layer', async () => {
      const { reference } = await pushImage(registry, 'team/private:1', {
        layers: [busyboxLayer(), note('p', 'p')],
      });
      await engine.pull(parseReference(reference), linux);
      expect(await show(reference, 'p')).toBe('p');
      const again = await registry.requestsDuring(() => engine.pull(parseReference(reference), linux));
      expect(again.filter(({ path }) => path.includes('/blobs/'))).toEqual([]);
    });

    test('pulls another platform', async () => {
      const arm = { os: 'linux', architecture: 'arm64' };
      const images = [{ layers: [note('x', 'x')] }, { layers: [note('y', 'y')], platform: arm }];
      const { reference, images: built } = await pushIndex(registry, 'team/arm:1', { images });
      await engine.pull(parseReference(reference), arm);
      const expected = built[1]?.layers.map(({ diffId }) => diffId);
      expect((await engine.inspect(parseReference(reference)))?.diffIds).toEqual(expected);
    });

    test('says why it cannot pull', async () => {
      const failure = engine.pull(parseReference(`${registry.host}/team/nothing:1`), linux);
      await expect(failure).rejects.toMatchObject({ code: 'ENGINE_PULL_FAILED' });
      await expect(failure).rejects.toThrow('team/nothing:1');
      await expect(failure).rejects.toThrow(expect.not.stringContaining('sesame'));
    });
  });
});

interface RequestOptions {
  readonly omit?: readonly number[];
  /** What the name names, when it is not the manifest. */
  readonly index?: Document;
}

function requestFor(built: BuiltImage, name: string | undefined, options: RequestOptions = {}): LoadRequest {
  const target = options.index ?? built.manifest;
  const manifest = parseManifest(built.manifest.bytes, built.manifest.mediaType);
  const image: LoadableImage = {
    reference: name === undefined ? undefined : parseReference(name),
    target: describeDocument(target),
    targetBytes: target.bytes,
    innerIndexes: [],
    manifest: describeDocument(built.manifest),
    manifestBytes: built.manifest.bytes,
    config: describeDocument(built.config),
    configBytes: built.config.bytes,
    layers: manifest.kind === 'manifest' ? manifest.layers : [],
    diffIds: diffIdsOf(built),
  };
  const fileOf = (layer: Descriptor): string =>
    built.layers.find(({ digest }) => digest === layer.digest)?.file ?? 'no such layer';
  return {
    image,
    omit: new Set(options.omit),
    openLayer: (layer) => Promise.resolve(createReadStream(fileOf(layer))),
  };
}

function describeDocument({ mediaType, digest, bytes }: Document): Descriptor {
  return { mediaType, digest: parseDigest(digest), size: bytes.byteLength };
}

function indexOf(...images: readonly BuiltImage[]): Document {
  const mediaType = documentTypes.oci.index;
  const manifests = images.map(({ manifest, platform }) => ({ ...descriptorOf(manifest), platform }));
  return makeDocument(mediaType, { schemaVersion: 2, mediaType, manifests });
}

function diffIdsOf({ layers }: BuiltImage): ReturnType<typeof parseDigest>[] {
  return layers.map(({ diffId }) => parseDigest(diffId));
}

function sizeOf(layers: BuiltImage['layers']): number {
  return layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function note(name: string, text: string): LayerEntry[] {
  return [{ path: name, content: `${text}\n` }];
}
