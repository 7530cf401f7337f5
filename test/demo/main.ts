import { join } from 'node:path';
import type { DeliveryReport } from '@drayage/core';

import { isBlobDownload } from '../support/access-log.ts';
import { reportOf, startDray } from '../support/dray.ts';
import { availableEngines } from '../support/engine-programs.ts';
import { engineVariants, startEngine, type TestEngine } from '../support/engines.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { busyboxLayer, programLayer, pushImage } from '../support/images.ts';
import { programOnPath } from '../support/parts.ts';
import { start, type Finished, type Running } from '../support/processes.ts';
import { registryProgram, startRegistry, type TestRegistry } from '../support/registry.ts';
import { snippets } from './snippets.ts';
import { openSlowLink, type SlowLink } from './slow-link.ts';
import { drawTimeline, seconds, type Span } from './timeline.ts';

const megabyte = 1_000_000;
// What a hosted runner sees of a busy public registry.
const bytesPerSecond = 20 * megabyte;
// About as long as the pre-pull: on a busy machine one sees the deploy job wait for the rest of it.
const testsMs = 4_500;

// Packs are mounted into the deploy node's engine; without the program that makes them, layers are loaded.
const form = programOnPath('mksquashfs') === undefined ? 'layers' : 'packs';

interface Stage {
  readonly registry: TestRegistry;
  readonly link: SlowLink;
  readonly deploy: TestEngine;
  readonly other: TestEngine;
  readonly folder: string;
  readonly images: readonly string[];
}

process.exitCode = await demo();

async function demo(): Promise<number> {
  const variant = engineVariants.at(-1);
  if (variant === undefined || availableEngines().length === 0 || registryProgram() === undefined) {
    console.log(
      'cannot run the demo: it needs root, a Docker engine (dockerd) and docker-registry on this machine',
    );
    return 1;
  }
  const cleanUps: (() => Promise<void>)[] = [];
  try {
    const registry = await kept(startRegistry(), (it) => it.stop(), cleanUps);
    const link = await kept(openSlowLink(registry.host, bytesPerSecond), (it) => it.close(), cleanUps);
    const deploy = await kept(startEngine(variant), (it) => it.stop(), cleanUps);
    const other = await kept(startEngine(variant), (it) => it.stop(), cleanUps);
    const folder = await kept(Promise.resolve(makeFolder()), removeFolder, cleanUps);
    const stage = { registry, link, deploy, other, folder, images: await pushImages(registry, link) };
    introduce(stage, variant.imageStore);
    await perform(stage);
    console.log(snippets);
    return 0;
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
}

async function kept<T>(
  made: Promise<T>,
  end: (it: T) => Promise<void>,
  cleanUps: (() => Promise<void>)[],
): Promise<T> {
  const it = await made;
  cleanUps.push(() => end(it));
  return it;
}

/** Real images, built of programs of this machine. */
async function pushImages(registry: TestRegistry, link: SlowLink): Promise<readonly string[]> {
  const base = busyboxLayer();
  const node = await programLayer(process.execPath);
  const entry = process.execPath;
  const app = [
    { path: 'app/main.js', content: 'console.log(`the app runs on Node.js ${process.version}`);' },
  ];
  await pushImage(registry, 'shop/busybox:1', { layers: [base], config: { Cmd: ['sh'] } });
  await pushImage(registry, 'shop/node:20', { layers: [base, node], config: { Cmd: [entry] } });
  await pushImage(registry, 'shop/app:main', {
    layers: [base, node, app],
    config: { Cmd: [entry, '/app/main.js'] },
  });
  return ['busybox:1', 'node:20', 'app:main'].map((name) => `${link.host}/shop/${name}`);
}

function introduce({ registry, deploy, images }: Stage, imageStore: string): void {
  console.log(`
  Everything here is real: docker-registry at ${registry.host} behind a link of ${String(bytesPerSecond / megabyte)} MB/s,
  dockerd ${deploy.version} (${imageStore} store) with an empty data-root as the deploy node, and images made of
  this machine's busybox and Node.js: ${images.map((image) => image.split('/').at(-1)).join(', ')}.
`);
}

async function perform(stage: Stage): Promise<void> {
  const { deploy, other, images, registry } = stage;
  console.log('  1. Without drayage: the deploy job pulls when it needs the images.\n');
  const pullMs = await timed(() => pullAll(other, images));

  console.log('  2. With drayage: "dray prepull" runs beside the tests; the deploy job runs "dray load".\n');
  const { spans, waitMs } = await pipeline(stage);
  const output = await deploy.docker(['run', '--rm', '--network', 'none', images.at(-1) ?? '']);
  console.log(`\n     $ docker run app:main\n     ${output.stdout.trim()}`);

  const requests = await registry.requestsDuring(() => pullAll(deploy, images));
  const downloads = requests.filter(isBlobDownload).length;
  console.log(
    `     $ docker pull of all ${String(images.length)}: up to date, ${String(downloads)} layers moved\n`,
  );

  const without = {
    label: 'docker pull',
    from: testsMs,
    to: testsMs + pullMs,
    note: 'what the deploy job would have waited',
  };
  console.log(`${drawTimeline([...spans, without])}\n`);
  const ratio = (pullMs / waitMs).toFixed(1);
  console.log(
    `  The deploy job had its images ${seconds(waitMs)} after the tests; pulling them took ${seconds(pullMs)}: ${ratio} times as long.\n`,
  );
}

/** Tests and pre-pull side by side, then the deploy job. */
async function pipeline({
  deploy,
  folder,
  images,
}: Stage): Promise<{ spans: readonly Span[]; waitMs: number }> {
  const bundle = join(folder, 'bundle');
  const startedAt = performance.now();
  const since = (): number => performance.now() - startedAt;
  const prepull = startDray(['prepull', ...images, '--form', form, '--bundle', bundle]);
  const tests = start(process.execPath, [
    '-e',
    `setTimeout(() => console.log('4 tests passed'), ${String(testsMs)})`,
  ]);
  const testsEnd = ended(tests, since);
  const prepullEnd = ended(prepull, since);
  const testsTo = await testsEnd;
  const loading = await startDray(['load', '--bundle', bundle, '--json'], { host: deploy.host }).finished;
  const readyAt = since();
  const prepullTo = await prepullEnd;
  show('prepull', (await prepull.finished).stderr);
  show('load', loading.stderr);
  const report = expectHit(loading);
  const sent = report.images.reduce((sum, { layers }) => sum + layers.sent, 0);
  const isMounted = report.images.every(({ delivery }) => delivery === 'mount');
  return {
    waitMs: readyAt - testsTo,
    spans: [
      { label: 'tests', from: 0, to: testsTo, note: 'a job of its own' },
      { label: 'dray prepull', from: 0, to: prepullTo, note: 'a parallel job' },
      {
        label: 'dray load',
        from: testsTo,
        to: readyAt,
        note: isMounted ? 'mounted' : `${String(sent)} layers sent`,
      },
    ],
  };
}

async function ended(running: Running, since: () => number): Promise<number> {
  const { exitCode, stderr } = await running.finished;
  if (exitCode !== 0)
    throw new Error(`cannot show the demo: a step exited with ${String(exitCode)}\n${stderr}`);
  return since();
}

function expectHit(finished: Finished): DeliveryReport {
  const report = reportOf('load', finished);
  if (report.outcome !== 'hit')
    throw new Error(`cannot show the demo: ${report.reason ?? 'the load missed'}\n${finished.stderr}`);
  return report;
}

function show(command: string, stderr: string): void {
  console.log(`     $ dray ${command}`);
  for (const line of stderr.trimEnd().split('\n')) console.log(`       ${line}`);
}

async function pullAll(engine: TestEngine, images: readonly string[]): Promise<void> {
  for (const image of images) await engine.docker(['pull', '--quiet', image]);
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await action();
  return performance.now() - startedAt;
}
