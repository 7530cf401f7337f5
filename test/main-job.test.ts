import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { chainIds } from '@drayage/core/image';
import { createDirectoryTransport, readBundleIndex, readImage } from '@drayage/core/bundle';
import { hostPlatform, deliverImages } from '@drayage/core';
import type { Engine, DeliveryReport, PrepullReport } from '@drayage/core';
import { createDockerEngine, resolveEngineEndpoint } from '@drayage/engine';

import { isBlobDownload } from './support/access-log.ts';
import { drayJson } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import {
  busyboxLayer,
  layerOf,
  pushImage,
  pushIndex,
  type LayerEntry,
  type PushedImage,
  type PushedIndex,
} from './support/images.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const base = busyboxLayer();
const library: readonly LayerEntry[] = [
  { path: 'lib/data', content: { seed: 'library', sizeBytes: 3_000_000 } },
];

function file(path: string, content: string): readonly LayerEntry[] {
  return [{ path, content }];
}

for (const variant of engineVariants) {
  const title = `the main job with engine ${variant.name}, ${variant.imageStore} store`;
  describeWith({ engine: variant, registry: true }, title, () => {
    let registry: TestRegistry;
    let engine: TestEngine;
    let bundle: string;
    let app: PushedImage;
    let next: PushedImage;
    let multi: PushedIndex;

    beforeAll(async () => {
      registry = await startRegistry();
      engine = await startEngine(variant);
      app = await pushImage(registry, 'team/app:1', {
        layers: [base, library, file('version', 'one')],
        config: { Cmd: ['cat', '/version'] },
      });
      next = await pushImage(registry, 'team/app:2', {
        layers: [base, library, file('version', 'two')],
        config: { Cmd: ['cat', '/version'] },
      });
      multi = await pushIndex(registry, 'team/multi:1', {
        images: [
          { layers: [base, file('arch', 'amd64')], config: { Cmd: ['cat', '/arch'] } },
          {
            layers: [base, file('arch', 'arm64')],
            platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
          },
        ],
        withAttestation: true,
      });
    });

    afterAll(async () => {
      await engine.stop();
      await registry.stop();
    });

    beforeEach(async () => {
      bundle = makeFolder();
      await engine.docker(['system', 'prune', '--all', '--force']);
    });

    afterEach(() => removeFolder(bundle));

    const prepull = (...images: string[]): Promise<PrepullReport> =>
      drayJson('prepull', [...images, '--bundle', bundle]);
    const loadBundle = (...more: string[]): Promise<DeliveryReport> =>
      drayJson('load', ['--bundle', bundle, ...more], { host: engine.host });
    const docker = async (...args: string[]): Promise<string> => (await engine.docker(args)).stdout.trim();
    const runImage = (image: string): Promise<string> => docker('run', '--rm', '--network', 'none', image);
    const idOf = (image: string): Promise<string> => docker('image', 'inspect', '--format', '{{.Id}}', image);

    test('makes images ready without a word to the registry, and a pull afterwards moves no layer', async () => {
      const pulled = await prepull(app.reference, multi.reference);
      expect(pulled.outcome).toBe('ready');

      const requests = await registry.requestsDuring(async () => {
        const loaded = await loadBundle();
        expect(loaded).toMatchObject({
          outcome: 'hit',
          images: [{ delivery: 'load' }, { delivery: 'load' }],
        });
        expect(await runImage(app.reference)).toBe('one');
        expect(await runImage(multi.reference)).toBe('amd64');
      });
      expect(requests).toEqual([]);

      const pulls = await registry.requestsDuring(async () => {
        expect(await docker('pull', app.reference)).toContain('Image is up to date');
        expect(await docker('pull', multi.reference)).toContain('Image is up to date');
      });
      expect(pulls.length).toBeGreaterThan(0);
      expect(pulls.filter(isBlobDownload)).toEqual([]);
    });

    test('gives images the IDs that a plain pull gives them', async () => {
      await prepull(app.reference, multi.reference);
      await loadBundle();
      const loaded = [await idOf(app.reference), await idOf(multi.reference)];
      await docker('image', 'rm', '--force', app.reference, multi.reference);
      await docker('pull', app.reference);
      await docker('pull', multi.reference);
      expect([await idOf(app.reference), await idOf(multi.reference)]).toEqual(loaded);
    });

    test('leaves images that docker save can save', async () => {
      await prepull(app.reference);
      await loadBundle();
      const saved = await docker('save', '--output', `${bundle}/saved.tar`, app.reference);
      expect(saved).toBe('');
      await docker('image', 'rm', '--force', app.reference);
      await docker('load', '--input', `${bundle}/saved.tar`);
      expect(await runImage(app.reference)).toBe('one');
    });

    test('sends a warm engine only the layer that it lacks', async () => {
      await docker('pull', app.reference);
      await prepull(next.reference);
      const { images } = await loadBundle();
      const missing = layerOf(next, 2).sizeBytes;
      expect(images).toMatchObject([{ delivery: 'load', layers: { total: 3, sent: 1, skipped: 2 } }]);
      // The rest of the archive is manifests and tar headers.
      expect(images[0]?.bytesSent).toBeGreaterThan(missing);
      expect(images[0]?.bytesSent).toBeLessThan(missing + 32 * 1024);
      expect(await runImage(next.reference)).toBe('two');
    });

    test('sends nothing of an image that the engine has, and only adds a missing name', async () => {
      await prepull(app.reference);
      await loadBundle();
      expect(await loadBundle()).toMatchObject({
        outcome: 'hit',
        images: [{ delivery: 'present', bytesSent: 0 }],
      });
      await docker('tag', app.reference, 'kept:1');
      await docker('image', 'rm', app.reference);
      expect(await loadBundle()).toMatchObject({
        outcome: 'hit',
        images: [{ delivery: 'present', bytesSent: 0 }],
      });
      expect(await runImage(app.reference)).toBe('one');
    });

    test('sends every layer when the engine lost one meanwhile', async () => {
      await prepull(app.reference);
      const { report, warnings } = await loadIntoForgetfulEngine(engine.host, bundle);
      expect(report).toMatchObject({
        outcome: 'hit',
        images: [{ delivery: 'load', layers: { sent: 3, skipped: 0 } }],
      });
      expect(warnings).toHaveLength(1);
      expect(await runImage(app.reference)).toBe('one');
    });

    test('makes an image known by the digest it was asked for', async () => {
      const byDigest = `${registry.host}/team/multi@${multi.index.digest}`;
      await prepull(byDigest);
      const requests = await registry.requestsDuring(async () => {
        expect(await loadBundle()).toMatchObject({
          outcome: 'hit',
          images: [{ reference: byDigest, delivery: 'load' }],
        });
      });
      expect(requests.filter(isBlobDownload)).toEqual([]);
      expect(await runImage(byDigest)).toBe('amd64');
    });

    test('brings layers in Docker’s own media types and compressed with zstd', async () => {
      const docker2 = await pushImage(registry, 'team/docker:1', {
        layers: [base, file('version', 'docker')],
        mediaTypes: 'docker',
        config: { Cmd: ['cat', '/version'] },
      });
      const zstd = await pushImage(registry, 'team/zstd:1', {
        layers: [base, file('version', 'zstd')],
        compression: 'zstd',
        config: { Cmd: ['cat', '/version'] },
      });
      await prepull(docker2.reference, zstd.reference);
      expect(await loadBundle()).toMatchObject({ outcome: 'hit' });
      expect(await runImage(docker2.reference)).toBe('docker');
      expect(await runImage(zstd.reference)).toBe('zstd');
    });

    test('hands over through a directory, and receives only what the engine lacks', async () => {
      const handover = makeFolder();
      const received = makeFolder();
      await docker('pull', app.reference);
      await drayJson('prepull', [next.reference, '--bundle', bundle, '--handover', handover]);
      const args = ['--bundle', received, '--handover', handover];
      expect(await drayJson('load', args, { host: engine.host })).toMatchObject({
        outcome: 'hit',
        images: [{ layers: { sent: 1 } }],
      });
      const inspection = await drayJson('inspect', [received]);
      expect(JSON.stringify(inspection)).not.toContain(layerOf(next, 1).digest);
      expect(await runImage(next.reference)).toBe('two');
      await removeFolder(handover);
      await removeFolder(received);
    });
  });
}

/** Loads a bundle through an engine that claims layers which it has just lost. */
async function loadIntoForgetfulEngine(
  host: string,
  bundle: string,
): Promise<{ report: DeliveryReport; warnings: readonly string[] }> {
  const handover = createDirectoryTransport(bundle);
  const real = createDockerEngine({
    endpoint: await resolveEngineEndpoint({ host, env: {}, homeDir: bundle }),
  });
  const index = await readBundleIndex(handover.documents);
  const [entry] = index?.entries ?? [];
  if (entry === undefined) throw new Error('the bundle is empty');
  const { diffIds } = await readImage(handover.blobs, entry, hostPlatform());
  const engine: Engine = { ...real, listChainIds: () => Promise.resolve(new Set(chainIds(diffIds))) };
  const warnings: string[] = [];
  const report = await deliverImages({ handover, local: handover }, engine, {
    concurrency: 2,
    policy: { timeoutMs: 1_000, graceMs: 0, settled: true },
    pollMs: 100,
    onEvent: (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    },
  });
  return { report, warnings };
}
