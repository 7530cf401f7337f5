import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '@drayage/core';

import { dray, drayJson, type DrayOptions } from '../support/dray.ts';
import { startEngine } from '../support/engines.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { anyEngine } from '../support/engine-programs.ts';
import { makeDataRoot } from '../support/private-engine.ts';
import type { Finished } from '../support/processes.ts';
import { startRegistry } from '../support/registry.ts';
import { pushImages, references, type CheckedImage } from './images.ts';
import { drayDone, emptyEngine, endOf, expectRunning } from './run.ts';
import { fillableTmpfs, mountSmallDisk, type FillableDisk } from './small-disk.ts';
import { enginesFor, type Campaign, type Scenario } from './scenario.ts';

/** A round fills the disk of each phase once, to a random degree. */
export const diskFull: Scenario = {
  name: 'disk-full',
  needs: {
    engine: anyEngine,
    registry: true,
    programs: ['mksquashfs', 'unsquashfs', 'mkfs.ext4', 'fallocate'],
  },
  rounds: 6,
  success: 'as documented',
  run,
};

interface Scene extends Campaign {
  readonly folder: string;
  readonly images: readonly CheckedImage[];
  /** Whole bundles, by form. */
  readonly sources: Readonly<Record<'layers' | 'packs', string>>;
}

async function run(campaign: Campaign): Promise<void> {
  const registry = await startRegistry();
  const folder = makeFolder();
  try {
    const images = await pushImages(registry);
    const sources = { layers: join(folder, 'layers'), packs: join(folder, 'packs') };
    for (const form of ['layers', 'packs'] as const) {
      await drayDone(['prepull', ...references(images), '--bundle', sources[form], '--form', form]);
    }
    const scene = { ...campaign, folder, images, sources };
    for (let round = 0; round < campaign.rounds; round += 1) await fillWhilePrepulling(scene, round);
    await fillWhileLoading(scene);
    await fillEngines(scene);
    await fillPrivateEngine(scene);
  } finally {
    await registry.stop();
    await removeFolder(folder);
  }
}

/** The bundle or the handover location is on a disk that gets full; an image is there already. */
async function fillWhilePrepulling({ attempt, random, folder, images }: Scene, round: number): Promise<void> {
  const [first = '', ...others] = references(images);
  for (const form of ['layers', 'packs', 'both'] as const) {
    const kind = random.pick(['ext4', 'tmpfs'] as const);
    const freeBytes = randomFree(random.below(100), 7_000_000);
    const full = random.pick(['bundle', 'handover'] as const);
    const what = `prepull --form ${form}, ${full} on ${kind} with ${String(freeBytes)} bytes`;
    await attempt(`${what} (${String(round)})`, async () => {
      const [bundle, handover] = [join(folder, 'bundle'), join(folder, 'handover')];
      mkdirSync(bundle);
      mkdirSync(handover);
      try {
        const disk = await mountSmallDisk(kind, full === 'bundle' ? bundle : handover, folder);
        const places = ['--bundle', join(bundle, 'b'), '--handover', join(handover, 'h'), '--form', form];
        await drayDone(['prepull', first, ...places]);
        await expectFullThenFine(disk, freeBytes, ['prepull', first, ...others, ...places], {}, async () => {
          for (const dir of [join(bundle, 'b'), join(handover, 'h')]) await drayJson('verify', [dir]);
        });
      } finally {
        await removeFolder(bundle);
        await removeFolder(handover);
      }
    });
  }
}

/** The bundle that a load receives into, or where it rebuilds layers, is on a disk that gets full. */
async function fillWhileLoading({ attempt, random, rounds, folder, images, sources }: Scene): Promise<void> {
  const engine = await startEngine(anyEngine);
  try {
    for (let round = 0; round < rounds; round += 1) {
      const form = random.pick(['layers', 'packs'] as const);
      const kind = random.pick(['ext4', 'tmpfs'] as const);
      const isReceiving = random.below(2) === 0;
      const freeBytes = randomFree(random.below(100), 8_000_000);
      const what = `load of ${form}${isReceiving ? ', receiving' : ''}, on ${kind} with ${String(freeBytes)} bytes`;
      await attempt(what, async () => {
        const bundle = join(folder, 'loaded');
        mkdirSync(bundle);
        try {
          const disk = await mountSmallDisk(kind, bundle, folder);
          const dir = join(bundle, 'b');
          if (!isReceiving) cpSync(sources[form], dir, { recursive: true });
          const handover = isReceiving ? ['--handover', sources[form]] : [];
          const args = ['load', '--bundle', dir, ...handover, '--strict', '--delivery', 'load'];
          await expectFullThenFine(disk, freeBytes, args, { host: engine.host }, async (isDone) => {
            if (isDone) await expectRunning(engine, images);
          });
        } finally {
          await engine.docker(['system', 'prune', '--all', '--force']);
          await removeFolder(bundle);
        }
      });
    }
  } finally {
    await engine.stop();
  }
}

/** The data-root of an engine is full while images are loaded or mounted. */
async function fillEngines(scene: Scene): Promise<void> {
  const { attempt, random, rounds, images, sources } = scene;
  const variants = enginesFor(scene);
  for (const variant of variants) {
    for (let round = 0; round < Math.ceil(rounds / variants.length); round += 1) {
      const form = random.pick(['layers', 'packs'] as const);
      const freeBytes = randomFree(random.below(100), 12_000_000);
      const name = `${variant.name} ${variant.imageStore}`;
      await attempt(`load of ${form} into ${name}, data-root with ${String(freeBytes)} bytes`, async () => {
        const engine = await startEngine(variant);
        try {
          const disk = fillableTmpfs(engine.dataRoot);
          const args = ['load', '--bundle', sources[form], '--strict'];
          await expectFullThenFine(disk, freeBytes, args, { host: engine.host }, async (isDone) => {
            if (isDone) await expectRunning(engine, images);
          });
          await emptyEngine(engine, sources[form]);
        } finally {
          await engine.stop();
        }
      });
    }
  }
}

async function fillPrivateEngine(scene: Scene): Promise<void> {
  const { attempt, random, rounds, images, sources } = scene;
  const variants = enginesFor(scene);
  for (const variant of variants) {
    for (let round = 0; round < Math.ceil(rounds / variants.length); round += 1) {
      const freeBytes = randomFree(random.below(100), 2_000_000);
      const name = `${variant.name} ${variant.imageStore}`;
      await attempt(`engine start ${name}, data-root with ${String(freeBytes)} bytes`, async () => {
        const root = await makeDataRoot(variant);
        try {
          const disk = fillableTmpfs(root.path);
          const start = (): Promise<Finished> =>
            root.engine('start', ['--bundle', sources.packs, '--strict', '--json']);
          await disk.fill(freeBytes);
          const finished = await start();
          await disk.free();
          if (finished.exitCode === 0) await root.json('stop');
          else expectDiskFull(finished);
          const again = await start();
          if (again.exitCode !== 0) throw new Error(`after space was freed: ${endOf(again)}`);
          await expectRunning({ docker: (args) => root.tryDocker(...args) }, images);
        } finally {
          await root.remove();
        }
      });
    }
  }
}

/** `check` gets whether the command has succeeded; what was there before must be whole in any case. */
async function expectFullThenFine(
  disk: FillableDisk,
  freeBytes: number,
  args: readonly string[],
  options: DrayOptions,
  check: (isDone: boolean) => Promise<void>,
): Promise<void> {
  await disk.fill(freeBytes);
  const finished = await dray([...args, '--json'], options);
  if (finished.exitCode !== 0) expectDiskFull(finished);
  await check(finished.exitCode === 0);
  await disk.free();
  const again = await dray([...args, '--json'], options);
  if (again.exitCode !== 0) throw new Error(`after space was freed: ${endOf(again)}`);
  await check(true);
}

/** Exit 3, and each error says that the disk is full. */
function expectDiskFull(finished: Finished): void {
  const report: unknown = JSON.parse(finished.stdout);
  const images: readonly unknown[] =
    isObject(report) && Array.isArray(report['images']) ? report['images'] : [];
  const errors = [report, ...images].flatMap((each) =>
    isObject(each) && isObject(each['error']) ? [each['error']] : [],
  );
  const isClear =
    errors.length > 0 &&
    errors.every(({ message }) => /disk is full|no space left|needs \d+ bytes/i.test(String(message)));
  if (finished.exitCode !== 3 || !isClear) throw new Error(`unclear: ${endOf(finished)}`);
}

/** Often nearly nothing, else up to what is needed. */
function randomFree(percent: number, neededBytes: number): number {
  return percent < 20 ? percent * 500 : Math.round((neededBytes * percent) / 100);
}
