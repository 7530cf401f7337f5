import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { isBlobDownload } from './support/access-log.ts';
import { dray, drayJson } from './support/dray.ts';
import { startEngine, type EngineVariant, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { descriptorOf, makeDocument, type Document } from './support/image-build.ts';
import { busyboxLayer, pushIndex } from './support/images.ts';
import { documentTypes } from './support/media-types.ts';
import { pushManifest } from './support/push.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const variants: readonly EngineVariant[] = [
  { name: '28.5', imageStore: 'containerd' },
  { name: '28.5', imageStore: 'classic' },
];

/** An index above an index of two platforms, in a real registry. */
async function pushNested(registry: TestRegistry): Promise<{ reference: string; top: Document }> {
  const { index, reference } = await pushIndex(registry, 'team/app:inner', {
    images: [
      { layers: [busyboxLayer()], config: { Cmd: ['echo', 'from below'] } },
      { layers: [busyboxLayer()], platform: { os: 'linux', architecture: 'arm64' } },
    ],
  });
  const mediaType = documentTypes.oci.index;
  let top = index;
  for (const tag of ['middle', '1']) {
    top = makeDocument(mediaType, { schemaVersion: 2, mediaType, manifests: [descriptorOf(top)] });
    await pushManifest(registry, 'team/app', { ...top, reference: tag });
  }
  return { reference: reference.replace(/inner$/, '1'), top };
}

describe.each(variants)('with engine $name and its $imageStore store', (variant) => {
  const needs = { engine: variant, registry: true, programs: ['mksquashfs', 'unsquashfs'], root: true };
  describeWith(needs, 'an image below nested indexes', () => {
    let registry: TestRegistry;
    let engine: TestEngine;
    let folder: string;
    let bundle: string;
    let app: { reference: string; top: Document };

    beforeAll(async () => {
      registry = await startRegistry();
      app = await pushNested(registry);
      engine = await startEngine(variant);
    });
    beforeEach(() => {
      folder = makeFolder();
      bundle = join(folder, 'bundle');
    });
    afterEach(async () => {
      await engine.tryDocker(['image', 'rm', '--force', app.reference]);
      await engine.unmountPacks();
      await removeFolder(folder);
    });
    afterAll(async () => {
      await engine.stop();
      await registry.stop();
    });

    async function expectRuns(): Promise<void> {
      const { stdout } = await engine.docker(['run', '--rm', '--network', 'none', app.reference]);
      expect(stdout).toBe('from below\n');
    }

    test.each(['layers', 'packs'])('is pre-pulled as %s, kept, verified and delivered', async (form) => {
      const options = ['--bundle', bundle];
      await drayJson('prepull', [app.reference, '--platform', 'linux/amd64', '--form', form, ...options]);
      expect((await drayJson('gc', options)).removed).toEqual([]);
      expect((await drayJson('verify', options)).ok).toBe(true);
      const [image] = (await drayJson('inspect', options)).images;
      expect(image).toMatchObject({ complete: true, targetDigest: app.top.digest });
      const load = ['--settled', '--strict', '--delivery', 'auto', ...options];
      const report = await drayJson('load', load, { host: engine.host });
      const mounts = form === 'packs' && variant.imageStore === 'containerd';
      expect(report.images).toMatchObject([{ delivery: mounts ? 'mount' : 'load' }]);
      await expectRuns();
      const pulls = await registry.requestsDuring(() => engine.docker(['pull', app.reference]));
      expect(pulls.filter(isBlobDownload)).toEqual([]);
      await expectRuns();
    });

    test('is planned and locked', async () => {
      const lockFile = join(folder, 'dray.lock');
      const planned = await dray(['plan', app.reference, '--platform', 'linux/amd64', '--json']);
      expect([planned.exitCode, planned.stdout]).toEqual([0, expect.stringContaining(app.top.digest)]);
      const lock = ['lock', app.reference, '--platforms', 'linux/amd64,linux/arm64', '--lock-file', lockFile];
      expect((await dray(lock, { cwd: folder })).exitCode).toBe(0);
      const refused = await dray([...lock.slice(0, 2), '--platforms', 'linux/s390x'], { cwd: folder });
      expect([refused.exitCode, refused.stderr]).toEqual([3, expect.stringContaining('linux/amd64')]);
    });

    test('is saved from an engine that can save it; else the reason is the engine’s', async () => {
      await engine.docker(['pull', '--quiet', app.reference]);
      const prepull = [
        'prepull',
        '--source',
        'engine',
        app.reference,
        '--platform',
        'linux/amd64',
        '--bundle',
        bundle,
      ];
      const saved = await engine.tryDocker(['save', '--output', join(folder, 'saved.tar'), app.reference]);
      const finished = await dray(prepull, { host: engine.host });
      if (saved.exitCode !== 0) {
        expect([finished.exitCode, finished.stderr]).toEqual([
          3,
          expect.stringContaining(saved.stderr.trim().replace(/^.*: (?=unable)/, '')),
        ]);
        return;
      }
      expect(finished.exitCode).toBe(0);
      expect((await drayJson('gc', ['--bundle', bundle])).removed).toEqual([]);
      expect((await drayJson('verify', ['--bundle', bundle])).ok).toBe(true);
    });
  });
});
