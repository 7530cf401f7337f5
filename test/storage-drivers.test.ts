import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';

import { makeBridge } from './support/bridge.ts';
import { isAnswering } from './support/engine-http.ts';
import { enginePath, type EngineVariant } from './support/engine-programs.ts';
import { engineVariants } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { mountTmpfs } from './support/mounts.ts';
import { startOwnContainerd } from './support/own-containerd.ts';
import { endProcessesNaming } from './support/process-table.ts';
import { errorCodeIn, makeDataRoot, prepullPacks, type PrivateDataRoot } from './support/private-engine.ts';
import { runOrThrow, start } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

const programs = ['mksquashfs', 'unsquashfs', 'flock', 'unshare', 'fuse-overlayfs'];

type Driver = 'overlay2' | 'fuse-overlayfs' | 'vfs';

// What docs/docker-in-docker.md says about images and storage drivers. The newest engine stands for all: it
// takes long.
const newest = engineVariants.filter(({ imageStore }) => imageStore === 'classic').slice(-1);

for (const variant of newest) {
  const title = `images and storage drivers with engine ${variant.name}`;
  describeWith({ engine: variant, registry: true, programs }, title, () => {
    let registry: TestRegistry;
    let folder: string;
    let app: PushedImage;
    let roots: PrivateDataRoot[] = [];

    beforeAll(async () => {
      registry = await startRegistry();
      folder = makeFolder();
      await mountTmpfs(folder);
      app = await pushImage(registry, 'app:1', {
        layers: [
          busyboxLayer(),
          [
            { path: 'kept', content: 'one' },
            { path: 'gone/file', content: 'under' },
          ],
          // A whiteout, and a directory that hides the one below it.
          [
            { path: '.wh.kept', content: '' },
            { path: 'gone/.wh..wh..opq', content: '' },
            { path: 'gone/new', content: 'over' },
          ],
        ],
        config: { Cmd: ['ls', '/gone'] },
      });
      await prepullPacks(join(folder, 'bundle'), app.reference);
    });
    afterAll(async () => {
      await registry.stop();
      await removeFolder(folder);
    });
    afterEach(async () => {
      for (const root of roots) await root.remove();
      roots = [];
    });

    const startWith = async (driver: Driver, args: readonly string[] = []): Promise<PrivateDataRoot> => {
      const root = await makeDataRoot(variant);
      roots.push(root);
      await root.json('start', ['--storage', driver, ...args]);
      expect(await root.docker('info', '--format', '{{.Driver}}')).toBe(driver);
      return root;
    };
    const runOn = (root: PrivateDataRoot, image: string): Promise<string> =>
      root.docker('run', '--rm', '--network', 'none', image);

    test.each([
      ['vfs', 'overlay2'],
      ['fuse-overlayfs', 'overlay2'],
      ['overlay2', 'vfs'],
      ['overlay2', 'fuse-overlayfs'],
    ] as const)('an image built and saved with %s is loaded and runs with %s', async (from, to) => {
      const first = await startWith(from);
      const context = join(folder, `${from}-${to}`);
      await runOrThrow('mkdir', [context]);
      writeFileSync(join(context, 'Dockerfile'), `FROM ${app.reference}\nCOPY Dockerfile /gone/built\n`);
      await first.docker('pull', app.reference);
      await first.docker('build', '--network', 'none', '--tag', 'built', context);
      await first.docker('save', '--output', join(context, 'image.tar'), 'built');
      const second = await startWith(to);
      await second.docker('load', '--input', join(context, 'image.tar'));
      expect(await runOn(second, 'built')).toBe('built\nnew');
      expect(await second.docker('image', 'inspect', '--format', '{{.RootFS}}', 'built')).toBe(
        await first.docker('image', 'inspect', '--format', '{{.RootFS}}', 'built'),
      );
    });

    test.each([
      ['vfs', 'overlay2'],
      ['overlay2', 'vfs'],
      ['overlay2', 'fuse-overlayfs'],
    ] as const)('a data-root of %s carried over to %s shows no image there', async (from, to) => {
      const root = await startWith(from);
      await root.docker('pull', app.reference);
      await root.engine('stop');
      const refused = await root.engine('start', ['--storage', to, '--json']);
      expect(refused.exitCode).not.toBe(0);
      expect(errorCodeIn(refused)).toBe('DATA_ROOT_INCOMPATIBLE');
      expect(await imagesWithPlainEngine(variant, join(root.path, 'data'), from)).toContain(app.reference);
      expect(await imagesWithPlainEngine(variant, join(root.path, 'data'), to)).toBe('');
    });

    test.each(['overlay2', 'fuse-overlayfs'] as const)(
      'a pack made from layers is mounted with %s, whiteouts and all',
      async (driver) => {
        const root = await makeDataRoot(variant);
        roots.push(root);
        const { images } = await root.json('start', [
          ...['--storage', driver],
          ...['--bundle', join(folder, 'bundle')],
        ]);
        expect(images).toEqual([{ reference: app.reference, delivery: 'mount' }]);
        expect(await runOn(root, app.reference)).toBe('new');
        expect(
          (await root.tryDocker('run', '--rm', '--network', 'none', app.reference, 'cat', '/kept')).exitCode,
        ).toBe(1);
      },
    );

    test('a bundle of packs gets into an engine with vfs as layers', async () => {
      const root = await startWith('vfs', ['--bundle', join(folder, 'bundle')]);
      expect(await runOn(root, app.reference)).toBe('new');
    });
  });
}

/** What `docker images` lists when an engine of no special kind is started on a data-root. */
async function imagesWithPlainEngine(
  { name }: EngineVariant,
  dataRoot: string,
  driver: Driver,
): Promise<string> {
  const folder = makeFolder();
  const socket = join(folder, 'docker.sock');
  const env = {
    PATH: enginePath(name),
    DOCKER_HOST: `unix://${socket}`,
    DOCKER_CONFIG: join(folder, 'client'),
  };
  const execRoot = join(folder, 'exec');
  const config = join(folder, 'daemon.json');
  const bridge = await makeBridge();
  const own = await startOwnContainerd({ dataRoot, execRoot }, env);
  writeFileSync(config, JSON.stringify(own === undefined ? {} : { containerd: own.address }));
  const daemon = start(
    'dockerd',
    [
      ...['--config-file', config, '--host', env.DOCKER_HOST, '--group', '0'],
      ...['--bridge', bridge.name, '--iptables=false', '--ip6tables=false', '--storage-driver', driver],
      ...['--data-root', dataRoot, '--exec-root', execRoot, '--pidfile', join(folder, 'pid')],
    ],
    { env },
  );
  try {
    await Promise.race([
      waitUntil(() => isAnswering(socket), 'the engine answers'),
      daemon.finished.then(({ stderr }) => {
        throw new Error(`cannot start a plain engine: it has ended\n${stderr}`);
      }),
    ]);
    const listed = await runOrThrow('docker', ['images', '--format', '{{.Repository}}:{{.Tag}}'], { env });
    return listed.stdout.trim();
  } finally {
    await daemon.kill();
    await own?.end();
    await endProcessesNaming(folder);
    await removeFolder(folder);
    await bridge.remove();
  }
}
