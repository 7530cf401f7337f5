import { join } from 'node:path';

import { anyEngine, type EngineVariant } from '../support/engine-programs.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import {
  errorCodeIn,
  expectNothingOf,
  makeDataRoot,
  type PrivateDataRoot,
} from '../support/private-engine.ts';
import { startRegistry } from '../support/registry.ts';
import { pushImages, references, type CheckedImage } from './images.ts';
import { killEverywhere } from './kill.ts';
import { drayDone, endOf, expectRunning } from './run.ts';
import { enginesFor, type Campaign, type Scenario } from './scenario.ts';

export const killEngine: Scenario = {
  name: 'kill-engine',
  needs: {
    engine: anyEngine,
    registry: true,
    programs: ['mksquashfs', 'unsquashfs', 'flock', 'unshare', 'mkfs.ext4'],
  },
  rounds: 10,
  success: 'recovered',
  run,
};

async function run(campaign: Campaign): Promise<void> {
  const registry = await startRegistry();
  const folder = makeFolder();
  try {
    const images = await pushImages(registry);
    const bundle = join(folder, 'bundle');
    await drayDone(['prepull', ...references(images), '--bundle', bundle, '--form', 'packs']);
    const variants = enginesFor(campaign);
    const share = { ...campaign, rounds: Math.ceil(campaign.rounds / variants.length / 2) };
    for (const variant of variants) {
      const root = await makeDataRoot(variant);
      try {
        await killStarts(share, { variant, root, bundle, images });
        await killStops(share, { variant, root, bundle, images });
      } finally {
        await root.remove();
      }
    }
  } finally {
    await registry.stop();
    await removeFolder(folder);
  }
}

interface Subject {
  readonly variant: EngineVariant;
  readonly root: PrivateDataRoot;
  readonly bundle: string;
  readonly images: readonly CheckedImage[];
}

async function killStarts(campaign: Campaign, { variant, root, bundle, images }: Subject): Promise<void> {
  const args = ['--bundle', bundle, '--storage', 'loop-ext4'];
  await killEverywhere(campaign, {
    what: `engine start ${variant.name} ${variant.imageStore}`,
    prepare: () => purge(root),
    start: () => root.starting(args),
    recover: async () => {
      const again = await root.engine('start', [...args, '--json']);
      // The killed command had started the engine already, which runs on.
      const isRunning = again.exitCode === 3 && errorCodeIn(again) === 'ENGINE_LOCKED';
      if (again.exitCode !== 0 && !isRunning) throw new Error(`exit ${endOf(again)}`);
      if (isRunning) {
        await root.json('stop');
        await root.json('start', args);
      }
      await expectRunning(clientOf(root), images);
      await purge(root);
    },
  });
}

async function killStops(campaign: Campaign, { variant, root, bundle, images }: Subject): Promise<void> {
  const args = ['--bundle', bundle, '--storage', 'loop-ext4'];
  await killEverywhere(campaign, {
    what: `engine stop ${variant.name} ${variant.imageStore}`,
    prepare: async () => {
      await purge(root);
      await root.json('start', args);
    },
    start: () => root.stopping(),
    recover: async () => {
      await root.json('stop');
      await expectNothingOf(root);
      await root.json('start', args);
      await expectRunning(clientOf(root), images);
    },
  });
  await purge(root);
}

/** Stops the engine and removes its data; then nothing of it may be left. */
async function purge(root: PrivateDataRoot): Promise<void> {
  await root.json('stop', ['--purge']);
  await expectNothingOf(root);
}

function clientOf(root: PrivateDataRoot): Parameters<typeof expectRunning>[0] {
  return {
    docker: async (args) => {
      const finished = await root.tryDocker(...args);
      if (finished.exitCode !== 0) throw new Error(`docker ${args.join(' ')} ended with ${endOf(finished)}`);
      return finished;
    },
  };
}
