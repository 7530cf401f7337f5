import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { dray, startDray } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { pushImageSet } from './support/image-set.ts';
import { sampleTree } from './support/memory.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const limitBytes = 150 * 1024 * 1024;
const packingLimitBytes = 200 * 1024 * 1024;
const variant = engineVariants.at(-1) ?? { name: 'path', imageStore: 'classic' };

describeWith({ engine: variant, registry: true }, 'memory for 1.6 GB of images', () => {
  let registry: TestRegistry;
  let engine: TestEngine;
  let bundle: string;
  let references: readonly string[];

  beforeAll(async () => {
    registry = await startRegistry();
    engine = await startEngine(variant);
    bundle = join(makeFolder(), 'bundle');
    references = (await pushImageSet(registry)).map(({ reference }) => reference);
  });

  afterAll(async () => {
    await engine.stop();
    await registry.stop();
    await removeFolder(join(bundle, '..'));
  });

  test('stays under 150 MB in pre-pull and load', async () => {
    const prepull = await dray(['prepull', ...references, '--bundle', bundle, '--json']);
    expect(prepull).toMatchObject({ exitCode: 0 });
    expect(prepull.peakRssBytes).toBeGreaterThan(0);
    expect(prepull.peakRssBytes).toBeLessThan(limitBytes);

    const load = await dray(['load', '--bundle', bundle, '--json', '--strict'], { host: engine.host });
    expect(load).toMatchObject({ exitCode: 0 });
    expect(load.peakRssBytes).toBeGreaterThan(0);
    expect(load.peakRssBytes).toBeLessThan(limitBytes);
  });

  test('stays under 200 MB, with the program that writes packs, in a pre-pull that makes packs', async () => {
    const packs = join(bundle, '..', 'packs');
    const prepull = startDray(['prepull', ...references, '--form', 'packs', '--bundle', packs, '--json']);
    const memory = sampleTree(prepull.pid);
    const { exitCode } = await prepull.finished;
    const peakBytes = memory.stop();
    expect(exitCode).toBe(0);
    expect(peakBytes).toBeGreaterThan(0);
    expect(peakBytes).toBeLessThan(packingLimitBytes);
  });
});
