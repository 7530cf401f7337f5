import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { dray, drayJson } from './support/dray.ts';
import { engineVariants } from './support/engines.ts';
import { parseDiagnosis } from './support/diagnosis.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { rootlessPrograms, startRootlessEngine, type RootlessEngine } from './support/rootless-engine.ts';
import { unprivilegedDray, type UnprivilegedDray } from './support/unprivileged.ts';

for (const variant of engineVariants) {
  const needs = {
    engine: variant,
    registry: true,
    programs: [...rootlessPrograms, 'mksquashfs', 'unsquashfs'],
  };
  describeWith(needs, `a rootless engine ${variant.name}, ${variant.imageStore} store`, () => {
    let engine: RootlessEngine;
    let registry: TestRegistry;
    let image: PushedImage;
    let user: UnprivilegedDray;
    let bundle: string;

    beforeAll(async () => {
      registry = await startRegistry();
      engine = await startRootlessEngine(variant);
      user = unprivilegedDray(engine.folder);
      image = await pushImage(registry, 'app:1', {
        layers: [busyboxLayer(), [{ path: 'version', content: 'one' }]],
        config: { Cmd: ['cat', '/version'] },
      });
      bundle = join(engine.folder, 'home/bundle');
    });
    afterAll(async () => {
      await registry.stop();
      await engine.stop();
    });

    test('is recognised by its own user', async () => {
      const { stdout } = await user.run(['doctor', '--json'], { DOCKER_HOST: engine.host });
      const { situations, choice, machine } = parseDiagnosis(stdout);
      expect(machine.isRoot).toBe(false);
      expect(situations.map(({ kind }) => kind)).toEqual(['rootless', 'local-engine']);
      expect(choice.way).toBe('load');
    });

    test('is not mounted into by root either', async () => {
      const { stdout } = await dray(['doctor', '--json'], { host: engine.host });
      const { situations, ways } = parseDiagnosis(stdout);
      expect(situations.map(({ kind }) => kind)).toContain('rootless');
      for (const name of ['mount-local', 'mount-remote'])
        expect(ways.find((way) => way.name === name)).toMatchObject({ possible: false });
    });

    test('gets the layers of a bundle with only packs, and the log says why', async () => {
      const made = await user.run(['prepull', image.reference, '--form', 'packs', '--bundle', bundle], {});
      expect(made).toMatchObject({ exitCode: 0 });
      const env = { DOCKER_HOST: engine.host };
      const loaded = await user.run(['load', '--bundle', bundle, '--strict', '--json'], env);

      expect(loaded).toMatchObject({ exitCode: 0 });
      expect(JSON.parse(loaded.stdout)).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
      expect(loaded.stderr).toContain('without root');
      const { stdout } = await engine.docker(['run', '--rm', '--network', 'none', image.reference]);
      expect(stdout).toBe('one');
    });

    test('gets the layers from root, too: mounts of root would not be visible there', async () => {
      await engine.docker(['image', 'rm', image.reference]);
      const { images } = await drayJson('load', ['--bundle', bundle, '--strict'], { host: engine.host });
      expect(images).toMatchObject([{ delivery: 'load' }]);
      const { stdout } = await engine.docker(['run', '--rm', '--network', 'none', image.reference]);
      expect(stdout).toBe('one');
    });
  });
}
