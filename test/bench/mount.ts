import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { dray, drayProgram } from '../support/dray.ts';
import { enginePath, type EngineVariant } from '../support/engine-programs.ts';
import { startEngine, type TestEngine } from '../support/engines.ts';
import { makeFolder, removeFolder } from '../support/folders.ts';
import { mountExt4 } from '../support/mounts.ts';
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

/** What the contenders run. */
const programs = [
  'docker',
  'sh',
  'mount',
  'umount',
  'flock',
  'mkdir',
  'rmdir',
  'rm',
  'grep',
  'readlink',
  'mksquashfs',
];

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

/**
 * Mounts into an empty engine, or pulls. A classic store gets a private engine; the measured time includes
 * its start.
 */
export async function benchMounting(work: MountWork, variant: EngineVariant): Promise<void> {
  const bundle = await packed(work.images, join(work.folder, 'mounting'));
  const twice = await packed(work.twice, join(work.folder, 'mounting-twice'));
  const engine = await startEngine({ ...variant, dataRootOn: 'disk' });
  const [own, disks] = [makeFolder(), makeFolder()];
  try {
    await mountExt4(join(disks, 'own'), own);
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
    for (const folder of [own, disks]) await removeFolder(folder);
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
  await pullAll(engine, [image]);
  const mount = mountInOwn(own, variant)('mounted', bundle);
  await mount.prepare();
  await mount.run();
  const mounted = await hostOf(join(own, 'engine'));
  const timings = await compare(
    [
      { name: 'mounted', prepare: () => cold(), run: () => read(mounted) },
      { name: 'extracted by docker pull', prepare: () => cold(), run: () => read(engine.host) },
    ],
    work.rounds,
  );
  console.log(formatTimings(`every file of ${image} read, engine ${title}, caches dropped`, timings));
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
      await emptyEngine(engine);
      await engine.unmountPacks();
      await engine.tryDocker(['volume', 'rm', '--force', 'drayage-packs']);
      await cold();
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

/**
 * Drops the kernel's file caches after the preparations. The programs themselves stay warm, as they are in a
 * job.
 */
async function cold(preparing: Promise<unknown> = Promise.resolve()): Promise<void> {
  await preparing;
  await run('sync', []);
  writeFileSync('/proc/sys/vm/drop_caches', '3');
  const chunks = join(dirname(drayProgram), 'chunks');
  const files = [process.execPath, drayProgram, ...readdirSync(chunks).map((name) => join(chunks, name))];
  for (const file of files) readFileSync(file);
  for (const name of programs) await run(name, ['--version']);
}

async function expectSuccess(
  args: readonly string[],
  options: { readonly host?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const { exitCode, stderr } = await dray(args, options);
  if (exitCode !== 0)
    throw new Error(`cannot run dray ${args.join(' ')}: exit ${String(exitCode)}\n${stderr}`);
}
