import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { isBlobDownload } from './support/access-log.ts';
import { engineVariants } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, layerOf, pushImage, type LayerEntry, type PushedImage } from './support/images.ts';
import { mountTmpfs } from './support/mounts.ts';
import {
  expectNothingOf,
  makeDataRoot,
  prepullPacks,
  type PrivateDataRoot,
} from './support/private-engine.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const base = busyboxLayer();
const library: readonly LayerEntry[] = [
  { path: 'lib/data', content: { seed: 'library', sizeBytes: 3_000_000 } },
];
const programs = ['mksquashfs', 'unsquashfs', 'flock', 'unshare'];

function file(path: string, content: string): readonly LayerEntry[] {
  return [{ path, content }];
}

for (const variant of engineVariants) {
  const title = `a private engine ${variant.name} with the ${variant.imageStore} store`;
  describeWith({ engine: variant, registry: true, programs }, title, () => {
    let registry: TestRegistry;
    let bundle: string;
    let app: PushedImage;
    let next: PushedImage;
    let root: PrivateDataRoot;
    let context: string;

    beforeAll(async () => {
      registry = await startRegistry();
      bundle = makeFolder();
      await mountTmpfs(bundle);
      const config = { Cmd: ['cat', '/version'] };
      const moreEmpty = variant.imageStore === 'classic' ? [[], []] : [];
      app = await pushImage(registry, 'team/app:1', {
        // Images have empty layers, and some of them often.
        layers: [base, library, [], file('version', 'one'), ...moreEmpty],
        config,
      });
      next = await pushImage(registry, 'team/app:2', {
        layers: [base, library, file('version', 'two')],
        config,
      });
      await prepullPacks(bundle, app.reference);
    });

    afterAll(async () => {
      await registry.stop();
      await removeFolder(bundle);
    });

    beforeEach(async () => {
      root = await makeDataRoot(variant);
      context = makeFolder();
    });

    afterEach(async () => {
      await root.remove();
      await expectNothingOf(root);
      await removeFolder(context);
    });

    const runImage = (image: string): Promise<string> =>
      root.docker('run', '--rm', '--network', 'none', image);

    const runShell = (name: string, script: string): Promise<string> =>
      root.docker('run', '--name', name, '--network', 'none', app.reference, 'sh', '-c', script);

    test('has the images of the bundle mounted when it answers, and a pull moves nothing', async () => {
      const started = await root.json('start', ['--bundle', bundle]);
      expect(started.images).toEqual([{ reference: app.reference, delivery: 'mount' }]);
      expect(await runImage(app.reference)).toBe('one');
      const pulls = await registry.requestsDuring(async () => {
        expect(await root.docker('pull', app.reference)).toContain('Image is up to date');
      });
      expect(pulls.filter(isBlobDownload)).toEqual([]);
      const digests = await root.docker(
        'image',
        'inspect',
        '--format',
        '{{json .RepoDigests}}',
        app.reference,
      );
      expect(digests).toContain(app.manifest.digest);
    });

    test('pulls of another image only the layers that no mounted one has', async () => {
      await root.json('start', ['--bundle', bundle]);
      const pulls = await registry.requestsDuring(() => root.docker('pull', next.reference));
      const moved = pulls.filter(isBlobDownload).map(({ path }) => /sha256:\w+/.exec(path)?.[0]);
      expect(moved).toContain(layerOf(next, 2).digest);
      expect(moved).not.toContain(layerOf(next, 0).digest);
      expect(moved).not.toContain(layerOf(next, 1).digest);
      expect(await runImage(next.reference)).toBe('two');
    });

    test('builds, commits, saves, removes and prunes mounted images', async () => {
      await root.json('start', ['--bundle', bundle]);
      writeFileSync(
        join(context, 'Dockerfile'),
        `FROM ${app.reference}\nRUN cp /version /built\nCMD ["cat", "/built"]\n`,
      );
      await root.docker('build', '--network', 'none', '--tag', 'built:1', context);
      expect(await runImage('built:1')).toBe('one');
      await root.buildWithBuildKit(context, 'built:2');
      expect(await runImage('built:2')).toBe('one');
      await runShell('changed', 'rm /version');
      await root.docker('commit', 'changed', 'committed:1');
      const gone = await root.tryDocker('run', '--rm', '--network', 'none', 'committed:1', 'ls', '/version');
      expect(gone.exitCode).toBe(1);
      if (variant.imageStore === 'classic') {
        await root.docker('save', '--output', join(context, 'saved.tar'), app.reference);
        await root.docker('rm', 'changed');
        await root.docker('rmi', '--force', app.reference, 'built:1', 'built:2', 'committed:1');
        await root.docker('load', '--input', join(context, 'saved.tar'));
        expect(await runImage(app.reference)).toBe('one');
      }
      await root.docker('container', 'prune', '--force');
      await root.docker('system', 'prune', '--all', '--force');
      expect(await root.docker('images', '--quiet')).toBe('');
      await root.docker('pull', next.reference);
      expect(await runImage(next.reference)).toBe('two');
    });

    test('is stopped without a trace, and started again with what it had', async () => {
      await root.json('start', ['--bundle', bundle]);
      await root.docker('tag', app.reference, 'kept:1');
      expect(await root.json('stop')).toMatchObject({ outcome: 'stopped' });
      await expectNothingOf(root);
      expect(await root.json('stop')).toMatchObject({ outcome: 'not-running' });
      await root.json('start', ['--bundle', '/nonexistent']);
      expect(await runImage('kept:1')).toBe('one');
    });
  });
}
