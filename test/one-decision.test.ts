import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { isObject } from '@drayage/core';
import { wayNames, type WayChoice, type WayName } from '@drayage/core/plan';
import { createLocalEngineHost } from '@drayage/mount';
import { sweepLiveMounts } from '@drayage/mount/testing';
import { dray } from './support/dray.ts';
import { enginePath } from './support/engine-programs.ts';
import { startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { adapterOf } from './support/live.ts';
import { mountTmpfs } from './support/mounts.ts';
import { prepullPacks } from './support/private-engine.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

type Environment = Readonly<Record<string, string>>;

/** Settings, the image store of the engine, and what all three commands choose with them. */
const situations: readonly (readonly [string, 'containerd' | 'classic', Environment, WayName | 'none'])[] = [
  ['as root on the machine of the engine', 'containerd', {}, 'mount-local'],
  ['through the Docker API', 'containerd', { DRAY_REACH: 'api' }, 'mount-remote'],
  ['when layers are asked for', 'containerd', { DRAY_DELIVERY: 'load' }, 'load'],
  ['when a private engine is not asked for', 'classic', {}, 'load'],
  ['when a pull is asked for', 'classic', { DRAY_DELIVERY: 'pull' }, 'pull'],
];

describeWith(
  {
    engine: { name: '28.5', imageStore: 'containerd' },
    registry: true,
    root: true,
    programs: ['mksquashfs', 'mount'],
  },
  'load, plan and doctor decide alike',
  () => {
    let registry: TestRegistry;
    let image: PushedImage;
    let folder: string;

    beforeAll(async () => {
      registry = await startRegistry();
      const layers = [busyboxLayer(), [{ path: 'version', content: 'one' }]];
      image = await pushImage(registry, 'team/decided:1', { layers });
    });
    afterAll(() => registry.stop());

    beforeEach(async () => {
      folder = makeFolder();
      await mountTmpfs(folder);
      await prepullPacks(join(folder, 'bundle'), image.reference);
    });
    afterEach(() => removeFolder(folder));

    const choices = async (
      host: string | undefined,
      env: Environment,
    ): Promise<Readonly<Record<'doctor' | 'plan' | 'load', WayChoice>>> => {
      const bundle = join(folder, 'bundle');
      const options = {
        host,
        env: { DRAY_DATA_ROOT: join(folder, 'root'), PATH: enginePath('28.5'), ...env },
      };
      const doctor = await dray(['doctor', '--json'], options);
      const planArguments = ['plan', image.reference, '--bundle', bundle, '--form', 'packs', '--json'];
      const plan = await dray(planArguments, options);
      const load = await dray(['load', '--bundle', bundle, '--settled', '--json'], options);
      return { doctor: choiceIn(doctor.stdout), plan: choiceIn(plan.stdout), load: choiceIn(load.stdout) };
    };

    describe.each(['containerd', 'classic'] as const)('with the %s store', (imageStore) => {
      let engine: TestEngine;
      beforeEach(async () => {
        engine = await startEngine({ name: '28.5', imageStore });
      });
      afterEach(async () => {
        if (imageStore === 'containerd') await sweep(engine);
        await engine.stop();
      });

      test.each(situations.filter(([, store]) => store === imageStore))('%s', async (_, _store, env, way) => {
        const { doctor, plan, load } = await choices(engine.host, env);
        expect(load).toEqual({ way, reason: expect.stringMatching(/\w/) });
        expect(doctor).toEqual(load);
        expect(plan).toEqual(load);
      });
    });

    test('without an engine', async () => {
      const { doctor, plan, load } = await choices(undefined, {});
      expect(load).toEqual({ way: 'none', reason: expect.stringContaining('--export') });
      expect(doctor).toEqual(load);
      expect(plan).toEqual(load);
    });
  },
);

function choiceIn(stdout: string): WayChoice {
  const report: unknown = JSON.parse(stdout);
  const choice: unknown = isObject(report) ? report['choice'] : undefined;
  if (!isObject(choice)) throw new Error(`cannot find a choice in ${stdout}`);
  const { way, reason } = choice;
  if (typeof reason !== 'string') throw new Error(`cannot find a reason in ${stdout}`);
  const known = ([...wayNames, 'none'] as const).find((name) => name === way);
  if (known === undefined) throw new Error(`cannot find a way in ${stdout}`);
  return { way: known, reason };
}

/** Unmounts the packs of a load. */
async function sweep(engine: TestEngine): Promise<void> {
  await engine.docker(['system', 'prune', '--all', '--force']);
  const info = await (await adapterOf(engine)).describe();
  const engineHost = await createLocalEngineHost({ info });
  await sweepLiveMounts({ engineHost, info });
  await engineHost.close();
}
