import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { startDray } from '../support/dray.ts';
import { startEngine, type TestEngine } from '../support/engines.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { containerdHoldings } from '../support/live.ts';
import { mountsBelow } from '../support/mounts.ts';
import { startRegistry } from '../support/registry.ts';
import { expectClean } from './clean.ts';
import { pushImages, references } from './images.ts';
import { killEverywhere } from './kill.ts';
import { drayDone, emptyEngine, expectRunning } from './run.ts';
import type { Campaign, Scenario } from './scenario.ts';

const variant = { name: '28.5', imageStore: 'containerd' } as const;

export const killLiveMount: Scenario = {
  name: 'kill-live-mount',
  needs: { engine: variant, registry: true, programs: ['mksquashfs', 'unsquashfs', 'busybox'] },
  rounds: 10,
  success: 'recovered',
  run,
};

async function run(campaign: Campaign): Promise<void> {
  const registry = await startRegistry();
  const folder = makeFolder();
  const engine = await startEngine(variant);
  try {
    const images = await pushImages(registry);
    const bundle = join(folder, 'bundle');
    await drayDone(['prepull', ...references(images), '--bundle', bundle, '--form', 'packs']);
    const share = { ...campaign, rounds: Math.ceil(campaign.rounds / 2) };
    for (const reach of ['local', 'api']) {
      const args = ['load', '--bundle', bundle, '--delivery', 'mount', '--reach', reach, '--strict'];
      await killEverywhere(share, {
        what: `live mount, reach ${reach}`,
        prepare: () => emptyEngine(engine, bundle),
        start: () => startDray(args, { host: engine.host }),
        recover: async () => {
          await drayDone(args, { host: engine.host });
          await expectRunning(engine, images);
          await emptyEngine(engine, bundle);
          await expectNothingLeft(engine);
          await expectClean(folder, { bundles: [bundle] });
        },
      });
    }
  } finally {
    await engine.stop();
    await registry.stop();
    await removeFolder(folder);
  }
}

async function expectNothingLeft(engine: TestEngine): Promise<void> {
  const containers = (await engine.docker(['ps', '--all', '--quiet', '--no-trunc'])).stdout;
  const packs = engine.livePacks ?? '';
  const left = [
    ...(await containerdHoldings(engine)),
    ...(containers === '' ? [] : [`container ${containers}`]),
    ...mountsBelow(packs),
    ...folderNames(packs).map((name) => `folder ${name}`),
  ];
  if (left.length > 0) throw new Error(`left in the engine: ${left.join(', ')}`);
}

function folderNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
