import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { dray, drayJson, startDray } from '../support/dray.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { startRegistry } from '../support/registry.ts';
import { expectClean } from './clean.ts';
import { killEverywhere } from './kill.ts';
import { pushImages, references } from './images.ts';
import type { Campaign, Scenario } from './scenario.ts';

export const killPrepull: Scenario = {
  name: 'kill-prepull',
  needs: { registry: true, programs: ['mksquashfs', 'unsquashfs'] },
  rounds: 10,
  success: 'recovered',
  run,
};

async function run(campaign: Campaign): Promise<void> {
  const registry = await startRegistry();
  const folder = makeFolder();
  try {
    const images = references(await pushImages(registry));
    const [bundle, handover] = [join(folder, 'bundle'), join(folder, 'handover')];
    for (const form of ['layers', 'packs', 'both']) {
      const args = ['prepull', ...images, '--bundle', bundle, '--handover', handover, '--form', form];
      await killEverywhere(campaign, {
        what: `prepull --form ${form}`,
        prepare: async () => {
          rmSync(bundle, { recursive: true, force: true });
          rmSync(handover, { recursive: true, force: true });
          await Promise.resolve();
        },
        start: () => startDray(args, { cwd: folder }),
        recover: async () => {
          const again = await dray(args, { cwd: folder });
          if (again.exitCode !== 0) throw new Error(`exit ${String(again.exitCode)}:\n${again.stderr}`);
          for (const dir of [bundle, handover]) {
            const { images: held } = await drayJson('verify', [dir]);
            if (held !== images.length) throw new Error(`${dir} has ${String(held)} images`);
          }
          await expectClean(folder, { bundles: [bundle, handover] });
        },
      });
    }
  } finally {
    await registry.stop();
    await removeFolder(folder);
  }
}
