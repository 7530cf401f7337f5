import { join } from 'node:path';
import { verifyBundle } from '@drayage/core/bundle';

import { startDray } from '../support/dray.ts';
import { anyEngine } from '../support/engine-programs.ts';
import { startEngine } from '../support/engines.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import type { Finished } from '../support/processes.ts';
import { startRegistry } from '../support/registry.ts';
import { pushImages, references } from './images.ts';
import { endOf, expectRunning } from './run.ts';
import type { Campaign, Scenario } from './scenario.ts';

const limitBytes = 200 * 1024 * 1024;

/**
 * Pre-pulls and loads of the same images use one handover directory at once. A round adds 2 and 5 of them.
 */
export const crowd: Scenario = {
  name: 'crowd',
  needs: { engine: anyEngine, registry: true },
  rounds: 10,
  success: 'arrived',
  run,
};

async function run({ rounds, attempt }: Campaign): Promise<void> {
  const registry = await startRegistry();
  const folder = makeFolder();
  const engine = await startEngine(anyEngine);
  try {
    const handover = join(folder, 'handover');
    const images = await pushImages(registry);
    const wanted = references(images);
    const places = (kind: string, index: number): string[] => [
      ...['--bundle', join(folder, `${kind}-${String(index)}`), '--handover', handover, '--json'],
    ];
    const sending = Array.from({ length: rounds * 2 }, (_, index) => {
      const { finished } = startDray(['prepull', ...wanted, ...places('sent', index)]);
      return attempt(`sender ${String(index)}`, async () => {
        expectGood(await finished);
      });
    });
    const receiving = Array.from({ length: rounds * 5 }, (_, index) => {
      const args = ['load', ...places('received', index), '--strict', '--delivery', 'load'];
      const { finished } = startDray(args, { host: engine.host });
      return attempt(`receiver ${String(index)}`, async () => {
        expectGood(await finished);
      });
    });
    await Promise.all([...sending, ...receiving]);
    await attempt('the engine', () => expectRunning(engine, images));
    await attempt('the handover location', async () => {
      const { ok, images: held, problems } = await verifyBundle(handover);
      if (!ok || held !== images.length)
        throw new Error(`${String(held)} images, ${JSON.stringify(problems)}`);
    });
  } finally {
    await engine.stop();
    await registry.stop();
    await removeFolder(folder);
  }
}

function expectGood(finished: Finished): void {
  if (finished.exitCode !== 0) throw new Error(`exit ${endOf(finished)}`);
  const { peakRssBytes } = finished;
  if (peakRssBytes > limitBytes) throw new Error(`used ${String(peakRssBytes)} bytes of memory`);
}
