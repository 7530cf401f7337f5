import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { drayJson, dray } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage } from './support/images.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const path = { name: 'path', imageStore: 'classic' } as const;
const [oldest = path] = engineVariants;
const newest = engineVariants.at(-1) ?? path;

for (const [from, to] of [
  [oldest, newest],
  [newest, oldest],
] as const) {
  const title = `an image built by engine ${from.name} (${from.imageStore}) for engine ${to.name} (${to.imageStore})`;
  describeWith({ engine: from, registry: true }, title, () => {
    let registry: TestRegistry;
    let builder: TestEngine;
    let deploy: TestEngine;
    let folder: string;

    beforeAll(async () => {
      folder = makeFolder();
      registry = await startRegistry();
      builder = await startEngine(from);
      deploy = await startEngine(to);
      const { reference } = await pushImage(registry, 'team/base:1', { layers: [busyboxLayer()] });
      const context = join(folder, 'context');
      mkdirSync(context);
      writeFileSync(
        join(context, 'Dockerfile'),
        `FROM ${reference}\nRUN echo built > /said\nCMD ["cat", "/said"]\n`,
      );
      const env = { DOCKER_BUILDKIT: '0' };
      await builder.docker(['build', '--network', 'none', '--tag', 'built:ci', context], { env });
    });

    afterAll(async () => {
      await builder.stop();
      await deploy.stop();
      await registry.stop();
      await removeFolder(folder);
    });

    test('is taken from the engine, loaded and run', async () => {
      const bundle = join(folder, 'bundle');
      const prepull = ['built:ci', '--source', 'engine', '--bundle', bundle];
      expect(await drayJson('prepull', prepull, { host: builder.host })).toMatchObject({
        outcome: 'ready',
      });
      expect(await drayJson('verify', [bundle])).toMatchObject({ ok: true });
      const loaded = await drayJson('load', ['--bundle', bundle], { host: deploy.host });
      expect(loaded).toMatchObject({
        outcome: 'hit',
        images: [{ reference: 'built:ci', delivery: 'load' }],
      });
      const { stdout } = await deploy.docker(['run', '--rm', '--network', 'none', 'built:ci']);
      expect(stdout.trim()).toBe('built');
    });

    test('is named when the engine does not have it', async () => {
      const args = ['prepull', 'missing:ci', '--source', 'engine', '--bundle', join(folder, 'none')];
      const finished = await dray(args, { host: builder.host });
      expect(finished.exitCode).toBe(3);
      expect(finished.stderr).toContain('missing:ci');
    });
  });
}
