import { join } from 'node:path';

import { availableEngines, engineVariants } from '../support/engine-programs.ts';
import { dray } from '../support/dray.ts';
import { startEngine, type TestEngine } from '../support/engines.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { pushImageSet, pushNextApp } from '../support/image-set.ts';
import type { PushedImage } from '../support/images.ts';
import { programOnPath } from '../support/parts.ts';
import { runOrThrow } from '../support/processes.ts';
import { registryProgram, startRegistry } from '../support/registry.ts';
import { compare, formatTimings, type Contender } from './compare.ts';
import { benchDind } from './dind.ts';
import { benchMounting } from './mount.ts';

const rounds = Number(process.env['BENCH_ROUNDS'] ?? '3');
// Such as 28.5; all that there are when it is not set.
const engineName = process.env['BENCH_ENGINE'];

// Leaves out everything but packs and mounting.
const isMountOnly = process.env['BENCH_ONLY'] === 'mount';

interface Bench {
  readonly folder: string;
  readonly images: readonly PushedImage[];
  readonly next: PushedImage;
}

process.exitCode = await main();

async function main(): Promise<number> {
  const missing = [
    ...(availableEngines().length === 0 ? ['a Docker engine, and root to start it'] : []),
    ...(registryProgram() === undefined ? ['docker-registry'] : []),
    ...['mksquashfs', 'unsquashfs', 'mkfs.ext4'].filter((name) => programOnPath(name) === undefined),
    ...(programOnPath('skopeo') === undefined ? ['skopeo'] : []),
  ];
  if (missing.length > 0) {
    console.log(`cannot run the benchmark: it needs ${missing.join(', ')}`);
    return 1;
  }
  const folder = makeFolder();
  const registry = await startRegistry();
  try {
    const images = await pushImageSet(registry);
    const bench = { folder, images, next: await pushNextApp(registry) };
    console.log(describeWork(images));
    const others = references(await pushImageSet(registry, 'other'));
    const twice = [...references(images), ...others];
    if (!isMountOnly) await benchPrepull(bench);
    console.log(await benchDind(references(images), rounds));
    for (const variant of engineVariants.filter(
      ({ name }) => engineName === undefined || name === engineName,
    )) {
      await benchMounting({ images: references(images), twice, folder, rounds }, variant);
      if (isMountOnly) continue;
      const engine = await startEngine(variant);
      try {
        await benchDelivery(bench, engine, `${engine.version}, ${variant.imageStore} store`);
      } finally {
        await engine.stop();
      }
    }
    return 0;
  } finally {
    await registry.stop();
    await removeFolder(folder);
  }
}

function describeWork(images: readonly PushedImage[]): string {
  const layers = [
    ...new Map(images.flatMap((image) => image.layers).map((layer) => [layer.digest, layer])).values(),
  ];
  const sum = (values: readonly number[]): string =>
    `${(values.reduce((total, value) => total + value, 0) / 1e6).toFixed(0)} MB`;
  const stored = sum(layers.map(({ sizeBytes }) => sizeBytes));
  const plain = sum(layers.map(({ uncompressedBytes }) => uncompressedBytes));
  return `work: ${String(images.length)} images, ${String(layers.length)} distinct layers, ${stored} compressed, ${plain} uncompressed; loopback registry; data-roots on ext4 in files for mounting, on tmpfs for loading; ${String(rounds)} rounds, medians\n`;
}

/** From the registry to an OCI layout on disk. */
async function benchPrepull({ folder, images }: Bench): Promise<void> {
  const bundle = join(folder, 'bundle');
  const layout = join(folder, 'layout');
  const timings = await compare(
    [
      {
        name: 'dray prepull',
        prepare: () => removeFolder(bundle),
        run: () => expectSuccess(['prepull', ...references(images), '--bundle', bundle]),
      },
      {
        name: 'skopeo copy, one after the other',
        prepare: () => removeFolder(layout),
        run: async () => {
          for (const { reference } of images) await skopeoCopy(reference, layout);
        },
      },
    ],
    rounds,
  );
  console.log(formatTimings('registry → OCI layout', timings));
}

/** From the registry, a tar or a bundle into an engine: empty, and with all layers but one. */
async function benchDelivery(
  { folder, images, next }: Bench,
  engine: TestEngine,
  title: string,
): Promise<void> {
  const bundle = join(folder, 'bundle');
  const tar = join(folder, 'saved.tar');
  await expectSuccess(['prepull', ...references(images), '--bundle', bundle]);
  await pullAll(engine, images);
  await engine.docker(['save', '--output', tar, ...references(images)]);
  const empty = (): Promise<unknown> => engine.docker(['system', 'prune', '--all', '--force']);
  const load = {
    name: 'dray load',
    prepare: empty,
    run: () => expectSuccess(['load', '--bundle', bundle, '--strict'], engine.host),
  };
  const others = [
    { name: 'docker pull, one after the other', prepare: empty, run: () => pullAll(engine, images) },
    {
      name: 'docker load of a docker save tar',
      prepare: empty,
      run: () => engine.docker(['load', '--input', tar]),
    },
  ];
  console.log(formatTimings(`into an empty engine ${title}`, await compare([load, ...others], rounds)));

  await expectSuccess(['load', '--bundle', bundle, '--strict'], engine.host);
  const unchanged = [
    { ...load, prepare: nothing },
    { name: 'docker pull, one after the other', prepare: nothing, run: () => pullAll(engine, images) },
    {
      name: 'docker load of a docker save tar',
      prepare: nothing,
      run: () => engine.docker(['load', '--input', tar]),
    },
  ];
  console.log(
    formatTimings(`everything is there already, engine ${title}`, await compare(unchanged, rounds)),
  );
  const [app] = images;
  if (app === undefined) throw new Error('cannot run the benchmark: the image set is empty');
  await pullAll(engine, [app]);
  const warm = await warmContenders(folder, engine, next.reference);
  console.log(
    formatTimings(`one new layer of 2 MB, all others present, engine ${title}`, await compare(warm, rounds)),
  );
}

async function warmContenders(
  folder: string,
  engine: TestEngine,
  next: string,
): Promise<readonly Contender[]> {
  const tar = join(folder, 'next.tar');
  const bundle = join(folder, 'next');
  await engine.docker(['pull', next]);
  await engine.docker(['save', '--output', tar, next]);
  await expectSuccess(['prepull', next, '--bundle', bundle]);
  const forget = (): Promise<unknown> => engine.docker(['image', 'rm', '--force', next]);
  return [
    {
      name: 'dray load',
      prepare: forget,
      run: () => expectSuccess(['load', '--bundle', bundle, '--strict'], engine.host),
    },
    { name: 'docker pull', prepare: forget, run: () => engine.docker(['pull', next]) },
    {
      name: 'docker load of a docker save tar',
      prepare: forget,
      run: () => engine.docker(['load', '--input', tar]),
    },
  ];
}

function nothing(): Promise<void> {
  return Promise.resolve();
}

function references(images: readonly PushedImage[]): readonly string[] {
  return images.map(({ reference }) => reference);
}

async function pullAll(engine: TestEngine, images: readonly PushedImage[]): Promise<void> {
  for (const { reference } of images) await engine.docker(['pull', '--quiet', reference]);
}

async function skopeoCopy(reference: string, layout: string): Promise<void> {
  const options = ['--insecure-policy', 'copy', '--src-tls-verify=false'];
  await runOrThrow('skopeo', [...options, `docker://${reference}`, `oci:${layout}:${reference}`]);
}

async function expectSuccess(args: readonly string[], host?: string): Promise<void> {
  const { exitCode, stderr } = await dray(args, { host });
  if (exitCode !== 0)
    throw new Error(`cannot run dray ${args.join(' ')}: exit ${String(exitCode)}\n${stderr}`);
}
