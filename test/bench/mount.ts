import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { dray } from '../support/dray.ts';
import { enginePath, type EngineVariant } from '../support/engine-programs.ts';
import { startEngine, type TestEngine } from '../support/engines.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { mountTmpfs } from '../support/mounts.ts';
import { run } from '../support/processes.ts';
import { compare, formatTimings, type Contender } from './compare.ts';

/** What is brought into engines. */
export interface MountWork {
  /** References of the set. */
  readonly images: readonly string[];
  /** The same set and another one of that size. */
  readonly twice: readonly string[];
  readonly folder: string;
  readonly rounds: number;
}

/** Where packs come from, against what a user would do instead: pull the same images. */
async function benchPacking(work: MountWork, engine: TestEngine, title: string): Promise<void> {
  const bundle = join(work.folder, 'packing');
  const timings = await compare(
    [
      {
        name: 'dray prepull --form packs',
        prepare: () => cold(removeFolder(bundle)),
        run: () => expectSuccess(['prepull', ...work.images, '--form', 'packs', '--bundle', bundle]),
      },
      {
        name: 'docker pull, one after the other',
        prepare: () => cold(emptyEngine(engine)),
        run: () => pullAll(engine, work.images),
      },
    ],
    work.rounds,
  );
  console.log(formatTimings(`registry → packs, or → engine ${title}, caches dropped`, timings));
}

/** Into an empty engine: mounted, or pulled. A classic store gets an engine of its own, whose start is part of it. */
export async function benchMounting(work: MountWork, variant: EngineVariant): Promise<void> {
  const bundle = await packed(work.images, join(work.folder, 'mounting'));
  const twice = await packed(work.twice, join(work.folder, 'mounting-twice'));
  const engine = await startEngine(variant);
  const own = makeFolder();
  try {
    await mountTmpfs(own);
    const title = `${engine.version}, ${variant.imageStore} store`;
    await benchPacking(work, engine, title);
    const mount = variant.imageStore === 'classic' ? mountInOwn(own, variant) : mountLive(engine, 'local');
    const contenders = [
      mount('mounted', bundle),
      mount('mounted, twice the bytes', twice),
      ...(variant.imageStore === 'classic'
        ? []
        : [mountLive(engine, 'api')('mounted through the Docker API, with upload', bundle)]),
      {
        name: 'docker pull, one after the other',
        prepare: () => cold(emptyEngine(engine)),
        run: () => pullAll(engine, work.images),
      },
    ];
    console.log(
      formatTimings(`into an empty engine ${title}, caches dropped`, await compare(contenders, work.rounds)),
    );
    await benchReading(work, engine, bundle, own, variant, title);
  } finally {
    await dray(['engine', 'stop', '--data-root', join(own, 'engine')]);
    await engine.stop();
    await removeFolder(own);
  }
}

/** Every file of an image, read in a container: mounted, or extracted by a pull. */
async function benchReading(
  work: MountWork,
  engine: TestEngine,
  bundle: string,
  own: string,
  variant: EngineVariant,
  title: string,
): Promise<void> {
  const [image = ''] = work.images;
  if (variant.imageStore !== 'classic') return;
  const read = (host: string): Promise<unknown> =>
    engine.docker(
      ['run', '--rm', '--network', 'none', image, 'sh', '-c', 'find /opt -type f | xargs cat > /dev/null'],
      { env: { DOCKER_HOST: host } },
    );
  // Extracted into a file system on a disk, where the pack is too; the data-roots of the other engines are in memory.
  const disk = join(work.folder, 'on-disk');
  const env = { PATH: enginePath(variant.name) };
  const settings = ['--bridge', 'none', '--image-store', 'classic', '--storage', 'loop-ext4'];
  await expectSuccess(['engine', 'start', '--data-root', disk, '--bundle', join(disk, 'none'), ...settings], {
    env,
  });
  try {
    const extracting = await hostOf(disk);
    await engine.docker(['pull', '--quiet', image], { env: { DOCKER_HOST: extracting } });
    const mount = mountInOwn(own, variant)('mounted', bundle);
    await mount.prepare();
    await mount.run();
    const mounted = await hostOf(join(own, 'engine'));
    const timings = await compare(
      [
        { name: 'mounted', prepare: () => cold(), run: () => read(mounted) },
        { name: 'extracted by docker pull, on ext4', prepare: () => cold(), run: () => read(extracting) },
      ],
      work.rounds,
    );
    console.log(formatTimings(`every file of ${image} read, engine ${title}, caches dropped`, timings));
  } finally {
    await expectSuccess(['engine', 'stop', '--data-root', disk, '--purge']);
  }
}

function mountInOwn(own: string, variant: EngineVariant): (name: string, bundle: string) => Contender {
  const dataRoot = join(own, 'engine');
  const env = { PATH: enginePath(variant.name) };
  return (name, bundle) => ({
    name: `${name}, engine start included`,
    prepare: () => cold(expectSuccess(['engine', 'stop', '--data-root', dataRoot, '--purge'])),
    run: () =>
      expectSuccess(
        [
          ...['load', '--bundle', bundle, '--delivery', 'mount', '--strict', '--data-root', dataRoot],
          ...['--bridge', 'none', '--image-store', 'classic'],
        ],
        { env },
      ),
  });
}

function mountLive(engine: TestEngine, reach: 'local' | 'api'): (name: string, bundle: string) => Contender {
  return (name, bundle) => ({
    name,
    prepare: async () => {
      await cold(emptyEngine(engine));
      await engine.tryDocker(['volume', 'rm', '--force', 'drayage-packs']);
    },
    run: () =>
      expectSuccess(['load', '--bundle', bundle, '--delivery', 'mount', '--strict', '--reach', reach], {
        host: engine.host,
      }),
  });
}

async function packed(images: readonly string[], bundle: string): Promise<string> {
  await expectSuccess(['prepull', ...images, '--form', 'packs', '--bundle', bundle]);
  return bundle;
}

async function hostOf(dataRoot: string): Promise<string> {
  const { stdout } = await dray(['engine', 'status', '--data-root', dataRoot, '--json']);
  const host = /"dockerHost":"([^"]+)"/.exec(stdout)?.[1];
  if (host === undefined) throw new Error(`cannot find the engine of ${dataRoot}: ${stdout}`);
  return host;
}

async function emptyEngine(engine: TestEngine): Promise<unknown> {
  return engine.docker(['system', 'prune', '--all', '--force']);
}

async function pullAll(engine: TestEngine, images: readonly string[]): Promise<void> {
  for (const image of images) await engine.docker(['pull', '--quiet', image]);
}

/** Drops what the kernel remembers of files, when the preparations are over. The programs themselves are warm, as they are in a job. */
async function cold(preparing: Promise<unknown> = Promise.resolve()): Promise<void> {
  await preparing;
  writeFileSync('/proc/sys/vm/drop_caches', '3');
  await dray(['--version']);
  await run('docker', ['--version']);
}

async function expectSuccess(
  args: readonly string[],
  options: { readonly host?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const { exitCode, stderr } = await dray(args, options);
  if (exitCode !== 0)
    throw new Error(`cannot run dray ${args.join(' ')}: exit ${String(exitCode)}\n${stderr}`);
}
