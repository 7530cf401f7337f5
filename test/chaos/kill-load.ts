import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { startDray } from '../support/dray.ts';
import { anyEngine, type EngineVariant } from '../support/engine-programs.ts';
import { startEngine } from '../support/engines.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { startRegistry } from '../support/registry.ts';
import { expectClean } from './clean.ts';
import { pushImages, references, type CheckedImage } from './images.ts';
import { killEverywhere } from './kill.ts';
import { drayDone, expectRunning } from './run.ts';
import { enginesFor, type Campaign, type Scenario } from './scenario.ts';

export const killLoad: Scenario = {
  name: 'kill-load',
  needs: { engine: anyEngine, registry: true, programs: ['mksquashfs', 'unsquashfs'] },
  rounds: 10,
  success: 'recovered',
  run,
};

async function run(campaign: Campaign): Promise<void> {
  const registry = await startRegistry();
  const folder = makeFolder();
  try {
    const images = await pushImages(registry);
    for (const form of ['layers', 'packs']) {
      const handover = ['--bundle', join(folder, 'sent'), '--handover', join(folder, `from-${form}`)];
      await drayDone(['prepull', ...references(images), ...handover, '--form', form]);
    }
    const variants = enginesFor(campaign);
    const share = { ...campaign, rounds: Math.ceil(campaign.rounds / variants.length) };
    for (const variant of variants) await killLoads(share, variant, folder, images);
  } finally {
    await registry.stop();
    await removeFolder(folder);
  }
}

/** Receives a bundle and loads it: layers as they are, or rebuilt from packs. */
async function killLoads(
  campaign: Campaign,
  variant: EngineVariant,
  folder: string,
  images: readonly CheckedImage[],
): Promise<void> {
  const engine = await startEngine(variant);
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary, { recursive: true });
  try {
    for (const form of ['layers', 'packs']) {
      const bundle = join(folder, 'received');
      const places = ['--bundle', bundle, '--handover', join(folder, `from-${form}`)];
      const args = ['load', ...places, '--delivery', 'load', '--strict'];
      const options = { host: engine.host, env: { TMPDIR: temporary } };
      await killEverywhere(campaign, {
        what: `load of ${form} into ${variant.name} ${variant.imageStore}`,
        prepare: async () => {
          await engine.docker(['system', 'prune', '--all', '--force']);
          await removeFolder(bundle);
        },
        start: () => startDray(args, options),
        recover: async () => {
          await drayDone(args, options);
          await expectRunning(engine, images);
          await drayDone(['bundle', 'verify', bundle]);
          await expectClean(folder, { bundles: [bundle], empty: [temporary] });
        },
      });
    }
  } finally {
    await engine.stop();
  }
}
