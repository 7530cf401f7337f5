import {
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { hexOf } from '@drayage/core';
import { mountLive } from '@drayage/mount';
import { sweepLiveMounts } from '@drayage/mount/testing';

import { dindSpec } from './support/dind-image.ts';
import { dray, drayJson, reportOf } from './support/dray.ts';
import { enginePath } from './support/engine-programs.ts';
import { startEngine, type EngineVariant, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { forgeBundle, writeDumpErofs, type ForgedBundle, type Forgery } from './support/forge-pack.ts';
import { badRoots, linksAndNodesInside } from './support/forgeries.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { containerdHoldings, liveRequest, readBundle } from './support/live.ts';
import { mountsBelow } from './support/mounts.ts';
import { erofsPrograms } from './support/packs.ts';
import { errorCodeIn, expectNothingOf, makeDataRoot, prepullPacks } from './support/private-engine.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { engineAt, openEngineHost } from './support/remote-engine.ts';
import { describeWith } from './support/requirements.ts';
import { startTcpRelay } from './support/tcp-relay.ts';
import { waitUntil } from './support/wait.ts';

const minute = 60_000;
const programs = ['mksquashfs', 'unsquashfs'];
const liveVariant = { name: '28.5', imageStore: 'containerd' } as const;
const needs = { registry: true, programs, root: true };

let registry: TestRegistry;
let original: string;
let app: PushedImage;
let folder: string;

/** A bundle with one pack of one image, which each test forges in its own folder. */
async function prepare(): Promise<void> {
  registry = await startRegistry();
  original = makeFolder();
  app = await pushImage(registry, 'team/app:1', {
    layers: [busyboxLayer(), [{ path: 'version', content: 'one' }]],
    config: { Cmd: ['cat', '/version'] },
  });
  await prepullPacks(original, app.reference);
}

async function tidyUp(): Promise<void> {
  await removeFolder(original);
  await registry.stop();
}

const forge = (forgery: Forgery): Promise<ForgedBundle> => forgeBundle(original, folder, forgery);

/** Creates a file on this machine that no container must see; returns its path. */
function plantSecret(): string {
  const path = join(folder, 'secret');
  writeFileSync(path, 'of the host');
  return path;
}

describeWith({ ...needs, engine: liveVariant }, 'a forged pack for a running engine', () => {
  let engine: TestEngine;

  beforeAll(async () => {
    await prepare();
    engine = await startEngine(liveVariant);
  }, 3 * minute);
  afterAll(async () => {
    await engine.stop();
    await tidyUp();
  }, minute);
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(async () => {
    await engine.docker(['system', 'prune', '--all', '--force']);
    await sweepLiveMounts(await liveRequest(engine, original));
    await removeFolder(folder);
    expect(await stateOfEngine()).toEqual(untouched);
  }, minute);

  const liveFolder = (): string => {
    const file = join(engine.dataRoot, 'containerd/daemon/io.containerd.grpc.v1.introspection/uuid');
    return join('/run/drayage/live', readFileSync(file, 'utf8').trim());
  };
  const mountLocally = async (bundle: string): Promise<void> => {
    const request = await liveRequest(engine, bundle);
    await mountLive(request);
  };
  const throughApi = async (action: (known: Known) => Promise<void>): Promise<void> => {
    const relay = await startTcpRelay(engine.socketPath);
    const known = await engineAt(relay.host);
    const engineHost = await openEngineHost(known);
    try {
      await action({ engineHost, info: known.info });
    } finally {
      await engineHost.close();
      await relay.stop();
    }
  };
  type Known = Pick<Parameters<typeof mountLive>[0], 'engineHost' | 'info'>;
  const mountThroughApi = (bundle: string): Promise<void> =>
    throughApi(async (known) => {
      await mountLive({ ...known, ...(await readBundle(bundle, known.info)) });
    });
  const ways = [
    ['on this machine', mountLocally],
    ['through its API', mountThroughApi],
  ] as const;

  /**
   * What the engine knows and what is mounted for it, after containers and images of a helper container are
   * gone.
   */
  async function stateOfEngine(): Promise<unknown> {
    return {
      holdings: await containerdHoldings(engine),
      images: (await engine.docker(['images', '--all', '--quiet'])).stdout,
      mounts: mountsBelow(liveFolder()),
      folder: existsSync(liveFolder()),
    };
  }
  const untouched = { holdings: [], images: '', mounts: [], folder: false };

  test.each(badRoots)(
    'with $what is refused on this machine and through its API, and nothing is left',
    async ({ says, ...forgery }) => {
      const { path, pack } = await forge(forgery);
      for (const [, mount] of ways) {
        const mounting = mount(path);
        await expect(mounting).rejects.toMatchObject({ code: 'PACK_INVALID' });
        await expect(mounting).rejects.toThrow(pack);
        await expect(mounting).rejects.toThrow(says);
        expect(await stateOfEngine()).toEqual(untouched);
      }
    },
    2 * minute,
  );

  test(
    'is refused beside a good one that is mounted, which stays',
    async () => {
      await mountLocally(original);
      const mounted = mountsBelow(liveFolder());
      const other = await pushImage(registry, 'team/other:1', { layers: [[{ path: 'x', content: 'x' }]] });
      const bundle = join(folder, 'other');
      await prepullPacks(bundle, other.reference);
      mkdirSync(join(folder, 'forged'));
      const { path } = await forgeBundle(bundle, join(folder, 'forged'), badRoots[0] ?? linksAndNodesInside);
      await expect(mountLocally(path)).rejects.toMatchObject({ code: 'PACK_INVALID' });
      expect(mountsBelow(liveFolder())).toEqual(mounted);
      expect(readdirSync(liveFolder()).filter((name) => /^[a-f0-9]+/.test(name))).toHaveLength(1);
      expect((await runImage('cat', '/version')).stdout).toBe('one');
    },
    2 * minute,
  );

  const runImage = (...command: readonly string[]): ReturnType<TestEngine['tryDocker']> =>
    engine.tryDocker(['run', '--rm', '--network', 'none', app.reference, ...command]);

  test.each(ways)(
    'with links and device nodes inside a layer reaches nothing of the host, mounted %s',
    async (_, mount) => {
      const secret = plantSecret();
      const { path, pack, layers } = await forge(linksAndNodesInside);
      await mount(path);
      for (const link of ['/out', '/up']) {
        expect(await runImage('cat', `${link}/version`)).toMatchObject({ stdout: 'one', stderr: '' });
        expect((await runImage('cat', `${link}${secret}`)).stderr).toContain('No such file');
      }
      expect((await runImage('cat', '/node')).stderr).toContain('not permitted');
      const onHost = join(liveFolder(), hexOf(pack), layers.at(-1) ?? '', 'node');
      expect(() => openSync(onHost, 'r')).toThrow('EACCES');
    },
    2 * minute,
  );

  test(
    'that is no file system is not mounted, and no empty folder is left',
    async () => {
      const { path } = await forge({ edit: () => undefined, patch: (bytes) => bytes.fill(0, 0, 96) });
      for (const [, mount] of ways) {
        await expect(mount(path)).rejects.toMatchObject({ code: 'MOUNT_FAILED' });
        expect(existsSync(liveFolder())).toBe(false);
      }
      expect(await stateOfEngine()).toEqual(untouched);
    },
    2 * minute,
  );

  test(
    'of EROFS is refused as well',
    async () => {
      if (erofsPrograms() === undefined) {
        console.warn('cannot test EROFS: there are no programs for it');
        return;
      }
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      writeDumpErofs(bin);
      for (const { what, says, edit } of badRoots.filter(({ patch }) => patch === undefined)) {
        const place = join(folder, what.replaceAll(/\W/g, '-'));
        mkdirSync(place);
        const { path } = await forgeBundle(original, place, { edit, filesystem: 'erofs' });
        await expect(mountLocally(path)).rejects.toMatchObject({ code: 'PACK_INVALID' });
        const verified = await dray(['bundle', 'verify', '--json', path], { env: { PATH: bin } });
        expect(reportOf('verify', verified).problems).toMatchObject([
          { code: 'PACK_INVALID', message: expect.stringContaining(says) },
        ]);
      }
      expect(await stateOfEngine()).toEqual(untouched);
    },
    3 * minute,
  );
});

const privateVariants: readonly EngineVariant[] = [
  { name: '20.10', imageStore: 'classic' },
  { name: '28.5', imageStore: 'classic' },
  liveVariant,
];

for (const variant of privateVariants) {
  const title = `a forged pack for a private engine ${variant.name} with the ${variant.imageStore} store`;
  const more = { engine: variant, programs: [...programs, 'flock', 'unshare'] };
  describeWith({ ...needs, ...more }, title, () => {
    beforeAll(prepare, 2 * minute);
    afterAll(tidyUp, minute);
    beforeEach(() => {
      folder = makeFolder();
    });
    afterEach(() => removeFolder(folder), minute);

    /**
     * The folders where packs of this data-root's containerd would be mounted, as other engines have theirs
     * beside it.
     */
    const liveFolders = (dataRoot: string): string[] => {
      const uuid = join(dataRoot, 'data/containerd/daemon/io.containerd.grpc.v1.introspection/uuid');
      if (!existsSync(uuid)) return [];
      return [join('/run/drayage/live', readFileSync(uuid, 'utf8').trim())];
    };
    // The containerd store is filled while the engine runs, in the same way as a running engine.
    const cases = variant.imageStore === 'classic' ? badRoots : badRoots.slice(0, 1);

    test.each(cases)(
      'with $what is refused, and nothing is left',
      async ({ says, ...forgery }) => {
        const { path, pack } = await forge(forgery);
        const root = await makeDataRoot(variant);
        try {
          const refused = await root.engine('start', ['--bundle', path, '--json']);
          expect(errorCodeIn(refused)).toBe('PACK_INVALID');
          expect(refused.stdout).toContain(pack);
          expect(refused.stdout).toContain(says);
          await expectNothingOf(root);
          const folders = liveFolders(root.path);
          expect(folders).toHaveLength(variant.imageStore === 'classic' ? 0 : 1);
          expect(folders.filter((at) => existsSync(at))).toEqual([]);
          expect(existsSync(join(root.path, '.drayage/packs'))).toBe(false);
        } finally {
          await root.remove();
        }
      },
      minute,
    );

    test(
      'with links and device nodes inside a layer reaches nothing of the host',
      async () => {
        const secret = plantSecret();
        const { path } = await forge(linksAndNodesInside);
        const root = await makeDataRoot(variant);
        try {
          await root.json('start', ['--bundle', path]);
          const runImage = (...command: readonly string[]): ReturnType<typeof root.tryDocker> =>
            root.tryDocker('run', '--rm', '--network', 'none', app.reference, ...command);
          for (const link of ['/out', '/up']) {
            expect(await runImage('cat', `${link}/version`)).toMatchObject({ stdout: 'one', stderr: '' });
            expect((await runImage('cat', `${link}${secret}`)).stderr).toContain('No such file');
          }
          expect((await runImage('cat', '/node')).stderr).toContain('not permitted');
        } finally {
          await root.remove();
          await expectNothingOf(root);
        }
      },
      minute,
    );
  });
}

const outer = { name: '28.5', imageStore: 'classic' } as const;

describeWith({ ...needs, engine: outer }, 'a forged pack in a bundle', () => {
  let engine: TestEngine;

  beforeAll(async () => {
    await prepare();
    engine = await startEngine(outer);
  }, 3 * minute);
  afterAll(async () => {
    await engine.stop();
    await tidyUp();
  }, minute);
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(() => removeFolder(folder), minute);

  /** A PATH with everything but the program that lists packs. */
  function pathWithoutReader(): string {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const name of readdirSync('/usr/bin').filter((program) => program !== 'unsquashfs'))
      symlinkSync(join('/usr/bin', name), join(bin, name));
    return bin;
  }

  test.each(badRoots)(
    'with $what is found by verify, and not baked',
    async ({ says, ...forgery }) => {
      const { path, pack } = await forge(forgery);
      const verified = await dray(['bundle', 'verify', '--json', path], { env: { PATH: '/usr/bin:/bin' } });
      expect(verified.exitCode).toBe(3);
      expect(reportOf('verify', verified).problems).toMatchObject([
        { code: 'PACK_INVALID', digest: pack, message: expect.stringContaining(says) },
      ]);
      const output = join(folder, 'context');
      const baked = await dray(['bake', '--bundle', path, '--output', output, '--json'], {
        env: { PATH: '/usr/bin:/bin' },
      });
      expect(errorCodeIn(baked)).toBe('PACK_INVALID');
      expect(existsSync(output)).toBe(false);
    },
    minute,
  );

  test(
    'is said not to be checked where no program can list it',
    async () => {
      const { path, pack } = await forge(badRoots[0] ?? linksAndNodesInside);
      const env = { PATH: pathWithoutReader() };
      const report = await drayJson('verify', [path], { env });
      expect(report).toMatchObject({
        ok: true,
        uncheckedPacks: [{ pack, reason: expect.stringContaining('unsquashfs') }],
      });
      const { stdout } = await dray(['bundle', 'verify', path], { env });
      expect(stdout).toContain(`not checked  the root of pack ${pack}`);
      const good = await drayJson('verify', [original], { env: { PATH: '/usr/bin:/bin' } });
      expect(good).toMatchObject({ ok: true, uncheckedPacks: [] });
    },
    minute,
  );

  test(
    'is not loaded: what a link in the place of a layer leads to is not read',
    async () => {
      const { path } = await forge(badRoots[0] ?? linksAndNodesInside);
      const loaded = await dray(['load', '--bundle', path, '--on-miss', 'fail', '--json'], {
        host: engine.host,
      });
      expect(loaded.exitCode).not.toBe(0);
      expect(loaded.stdout).toContain('PACK_INVALID');
      expect((await engine.docker(['images', '--all', '--quiet'])).stdout).toBe('');
    },
    minute,
  );

  test(
    'that was baked all the same is refused by the entry point, and the engine starts without its images',
    async () => {
      const dind = await pushImage(registry, 'dind:1', await dindSpec(outer.name));
      const [client = ''] = enginePath(outer.name).split(':');
      const env = { ...engine.env, DOCKER_BUILDKIT: '0', PATH: `${client}:${pathWithoutReader()}` };
      for (const [number, forgery] of [badRoots[0], badRoots[5]].entries()) {
        const place = join(folder, String(number));
        mkdirSync(place);
        const { path } = await forgeBundle(original, place, forgery ?? linksAndNodesInside);
        const tag = `baked:${String(number)}`;
        const output = join(place, 'context');
        const args = ['bake', '--bundle', path, '--base', dind.reference, '--output', output, '--tag', tag];
        const baked = await dray(args, { cwd: folder, env });
        expect({ exitCode: baked.exitCode, stderr: baked.stderr }).toMatchObject({ exitCode: 0 });
        await expectEmptyDind(tag);
      }
    },
    5 * minute,
  );

  async function expectEmptyDind(tag: string): Promise<void> {
    const { stdout } = await engine.docker([
      ...['run', '--detach', '--network', 'none', '--privileged', '--cgroupns', 'private'],
      ...[tag, '--bridge=none', '--iptables=false'],
    ]);
    const name = stdout.trim();
    const inside = (...args: readonly string[]): ReturnType<TestEngine['tryDocker']> =>
      engine.tryDocker(['exec', name, ...args]);
    const answers = async (): Promise<boolean> => (await inside('docker', 'version')).exitCode === 0;
    await waitUntil(answers, 'the engine inside answers');
    const { stderr } = await engine.docker(['logs', name]);
    expect(stderr).toContain('something other than layer directories');
    expect((await inside('docker', 'images', '--quiet')).stdout).toBe('');
    expect((await inside('cat', '/proc/self/mountinfo')).stdout).not.toContain('/drayage/mnt/');
    await engine.docker(['rm', '--force', '--volumes', name]);
  }
});
