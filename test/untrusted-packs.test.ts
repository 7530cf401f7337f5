import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, chmod, cp, open, readdir, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createPackStore, type MountablePack } from '@drayage/core/bundle';
import { createLocalEngineHost, mountLive, type EngineHost } from '@drayage/mount';
import { sweepLiveMounts } from '@drayage/mount/testing';

import { dray, reportOf } from './support/dray.ts';
import { startEngine, type TestEngine } from './support/engines.ts';
import { fillerBytes, type Filler } from './support/filler.ts';
import { waitUntil } from './support/wait.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { adapterOf, containerdHoldings, readBundle } from './support/live.ts';
import { mountTmpfs } from './support/mounts.ts';
import { errorCodeIn, expectNothingOf, makeDataRoot, prepullPacks } from './support/private-engine.ts';
import { run, runOrThrow, type Finished } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const minute = 60_000;
const owner = 65_534;
const variant = { name: '28.5', imageStore: 'containerd' } as const;
const library: Filler = { seed: 'untrusted', sizeBytes: 6_000_000 };
const programs = ['mksquashfs', 'unsquashfs', 'setpriv', 'flock', 'unshare'];

/** What an attacker, or an accident, makes of the file of a pack. */
const swaps: Readonly<Record<string, (file: string) => Promise<void>>> = {
  'of the same size': overwrite,
  'another file of the same size': async (file) => {
    await cp(file, `${file}.new`);
    await overwrite(`${file}.new`);
    await rename(`${file}.new`, file);
  },
  larger: (file) => writeFile(file, Buffer.alloc(30_000_000, 'x')),
  smaller: (file) => writeFile(file, 'x'),
  truncated: async (file) => truncate(file, (await stat(file)).size - 4096),
  grown: (file) => appendFile(file, Buffer.alloc(4096)),
};

describeWith({ engine: variant, registry: true, programs }, 'packs that are not what they were', () => {
  let registry: TestRegistry;
  let app: PushedImage;
  let made: string;
  let folder: string;
  let bundle: string;

  beforeAll(async () => {
    registry = await startRegistry();
    const layers = [
      busyboxLayer(),
      [{ path: 'lib/data', content: library }],
      [{ path: 'version', content: 'one' }],
    ];
    app = await pushImage(registry, 'team/app:1', { layers, config: { Cmd: ['cat', '/version'] } });
    made = makeFolder();
    await prepullPacks(made, app.reference);
  }, 2 * minute);

  afterAll(async () => {
    await removeFolder(made);
    await registry.stop();
  }, minute);

  beforeEach(async () => {
    folder = makeFolder();
    await chmod(folder, 0o755);
    await mountTmpfs(folder);
    bundle = join(folder, 'bundle');
    await cp(made, bundle, { recursive: true });
  });

  afterEach(async () => {
    await removeFolder(folder);
    // Copies of other tests are there for a moment.
    await waitUntil(async () => (await privateCopies()).length === 0, 'no private copy is left');
  }, minute);

  const giveAway = (): Promise<unknown> =>
    runOrThrow('chown', ['-R', `${String(owner)}:${String(owner)}`, bundle]);
  const packFile = (): Promise<string> => packIn(bundle);
  const privateCopies = async (): Promise<readonly string[]> => {
    const homes = ['/var/lib/drayage/packs', join(folder, '.drayage-packs')];
    return (await Promise.all(homes.map((home) => readdir(home).catch(() => [])))).flat();
  };

  describe('in a running engine', () => {
    let engine: TestEngine;

    beforeAll(async () => {
      engine = await startEngine(variant);
    }, minute);

    afterAll(() => engine.stop(), minute);

    afterEach(async () => {
      await engine.docker(['system', 'prune', '--all', '--force']);
      const engineHost = await localEngineHost();
      await sweepLiveMounts({ engineHost, info: await infoOf(engine) });
      await engineHost.close();
      expect(await containerdHoldings(engine)).toEqual([]);
    }, minute);

    const localEngineHost = async (): Promise<EngineHost> =>
      createLocalEngineHost({ info: await infoOf(engine) });
    const load = (
      args: readonly string[] = [],
      env: Readonly<Record<string, string>> = {},
    ): Promise<Finished> =>
      dray(['load', '--bundle', bundle, '--settled', '--reach', 'local', '--json', ...args], {
        host: engine.host,
        env,
      });
    const runShell = async (script: string): Promise<string> =>
      (
        await engine.docker(['run', '--rm', '--network', 'none', app.reference, 'sh', '-c', script])
      ).stdout.trim();

    test(
      'the owner of a bundle cannot change what a container reads',
      async () => {
        await giveAway();
        const loaded = await load();
        expect(reportOf('load', loaded).images).toMatchObject([{ delivery: 'mount' }]);
        expect(loaded.stderr).toContain(`user ${String(owner)} can write to`);
        expect(await privateCopies()).toEqual([]);
        await overwriteAs(owner, await packFile());
        expect(await runShell('cat /version; sha256sum </lib/data')).toBe(`one${sha256Of(library)}  -`);
      },
      2 * minute,
    );

    test(
      'a bundle of the user who called sudo is mounted as it is, and so is one of root',
      async () => {
        for (const env of [{}, { SUDO_UID: String(owner) }]) {
          const loaded = await load([], env);
          expect(reportOf('load', loaded).images).toMatchObject([{ delivery: 'mount' }]);
          expect(loaded.stderr).not.toContain('private copy');
          expect(loopFiles()).toContain(await packFile());
          await engine.docker(['system', 'prune', '--all', '--force']);
          await giveAway();
        }
      },
      2 * minute,
    );

    test(
      'a bundle below a directory that everybody can write to is mounted as it is',
      async () => {
        await chmod(folder, 0o777);
        const planned = await dray(['plan', app.reference, '--bundle', bundle, '--form', 'packs'], {
          host: engine.host,
        });
        expect(planned.stdout).not.toContain('private cop');
        const loaded = await load(['--strict']);
        expect(reportOf('load', loaded).images).toMatchObject([{ delivery: 'mount' }]);
        expect(loaded.stderr).not.toContain('private copy');
        expect(loopFiles()).toContain(await packFile());
      },
      2 * minute,
    );

    test(
      'with --strict the bundle of another user is refused, and nothing is loaded from it',
      async () => {
        await giveAway();
        const loaded = await load(['--strict']);
        expect(loaded.exitCode).toBe(3);
        expect(reportOf('load', loaded)).toMatchObject({ error: { code: 'PACK_UNTRUSTED' } });
        expect((await engine.docker(['images', '--quiet'])).stdout).toBe('');
      },
      minute,
    );

    test(
      'a plan says that a private copy is mounted, and what it costs',
      async () => {
        await giveAway();
        const planned = await dray(['plan', app.reference, '--bundle', bundle, '--form', 'packs'], {
          host: engine.host,
        });
        expect(planned.stdout).toMatch(/private copies \(1 pack, [\d.]+ MB\): user 65534 can write to/);
        const trusted = await dray(['plan', app.reference, '--bundle', made, '--form', 'packs'], {
          host: engine.host,
        });
        expect(trusted.stdout).toContain('mount 3 layers');
        expect(trusted.stdout).not.toContain('private cop');
      },
      minute,
    );

    describe.each(Object.entries(swaps))('a pack file that is %s', (_, swap) => {
      test.each([
        ['that was never proven', false],
        ['that was proven before', true],
      ])(
        'and %s is not mounted, however often it is tried',
        async (_when, isProven) => {
          if (isProven) {
            expect(reportOf('load', await load()).outcome).toBe('hit');
            await engine.docker(['system', 'prune', '--all', '--force']);
          }
          await swap(await packFile());
          for (let turn = 0; turn < 2; turn += 1) {
            expect(reportOf('load', await load()).outcome).toBe('miss');
            expect(await containerdHoldings(engine)).toEqual([]);
          }
        },
        2 * minute,
      );

      test(
        'from the proof to the mount is not mounted',
        async () => {
          const info = await infoOf(engine);
          const file = await packFile();
          const [pack, ...others] = await provenPacks(bundle);
          expect(others).toEqual([]);
          const local = await localEngineHost();
          const placePack: EngineHost['placePack'] = async (mountable, signal) => {
            const placed = await local.placePack(mountable, signal);
            await swap(mountable.file);
            return placed;
          };
          const engineHost: EngineHost = { ...local, placePack };
          const content = await readBundle(bundle, info);
          const mounting = mountLive({
            ...content,
            engineHost,
            info,
            packs: pack === undefined ? [] : [pack],
          });
          await expect(mounting).rejects.toMatchObject({
            code: expect.stringMatching(/^(MOUNT_FAILED|DIGEST_MISMATCH|SIZE_MISMATCH)$/),
          });
          expect(loopFiles().filter((name) => name.startsWith(file))).toEqual([]);
          expect(await containerdHoldings(engine)).toEqual([]);
          await local.close();
        },
        minute,
      );
    });
  });

  describe.each(['classic', 'containerd'] as const)('in a private engine with the %s store', (imageStore) => {
    test(
      'the owner of a bundle cannot change what a container reads, nor what is mounted by the next start',
      async () => {
        const root = await makeDataRoot({ name: '28.5', imageStore });
        try {
          await giveAway();
          const started = await root.engine('start', ['--bundle', bundle, '--json']);
          expect(started.stderr).toContain(`user ${String(owner)} can write to`);
          expect(await privateCopies()).toEqual([]);
          await overwriteAs(owner, await packFile());
          const script = 'cat /version; sha256sum </lib/data';
          expect(
            await root.docker('run', '--rm', '--network', 'none', app.reference, 'sh', '-c', script),
          ).toBe(`one${sha256Of(library)}  -`);
          await root.engine('stop');
          const again = await root.engine('start', ['--bundle', join(folder, 'none'), '--json']);
          expect(again.exitCode).toBe(3);
          expect(errorCodeIn(again)).toBe('DIGEST_MISMATCH');
        } finally {
          await root.remove();
          await expectNothingOf(root);
        }
      },
      2 * minute,
    );

    test(
      'a bundle of another user is refused with --strict, and taken when it is root’s again',
      async () => {
        const root = await makeDataRoot({ name: '28.5', imageStore });
        try {
          await giveAway();
          const refused = await root.engine('start', ['--bundle', bundle, '--strict', '--json']);
          expect(refused.exitCode).toBe(3);
          expect(errorCodeIn(refused)).toBe('PACK_UNTRUSTED');
          await runOrThrow('chown', ['-R', '0:0', bundle]);
          const taken = await root.json('start', ['--bundle', bundle, '--strict']);
          expect(taken.images).toEqual([{ reference: app.reference, delivery: 'mount' }]);
        } finally {
          await root.remove();
          await expectNothingOf(root);
        }
      },
      2 * minute,
    );
  });

  test.each(Object.entries(swaps))(
    'a private engine that starts again refuses a pack file that is %s',
    async (_, swap) => {
      const root = await makeDataRoot({ name: '28.5', imageStore: 'classic' });
      try {
        await root.json('start', ['--bundle', bundle]);
        await root.engine('stop');
        await swap(await packFile());
        for (const from of [join(folder, 'none'), bundle]) {
          const again = await root.engine('start', ['--bundle', from, '--json']);
          expect(again.exitCode).toBe(3);
          expect(errorCodeIn(again)).toMatch(/^(DIGEST|SIZE)_MISMATCH$/);
        }
      } finally {
        await root.remove();
        await expectNothingOf(root);
      }
    },
    2 * minute,
  );

  test.each(Object.entries(swaps))(
    'a build context gets no pack file that is %s',
    async (_, swap) => {
      await swap(await packFile());
      const baked = await dray(['bake', '--bundle', bundle, '--output', join(folder, 'bake'), '--json']);
      expect(baked.exitCode).toBe(3);
    },
    minute,
  );

  test(
    'a build context of another user’s bundle has copies, which he cannot change',
    async () => {
      await giveAway();
      const output = join(folder, 'bake');
      const baked = await dray(['bake', '--bundle', bundle, '--output', output, '--json']);
      expect(baked.exitCode).toBe(0);
      const [name = ''] = await readdir(join(output, 'packs'));
      const [placed, original] = [await stat(join(output, 'packs', name)), await stat(await packFile())];
      expect(placed.ino).not.toBe(original.ino);
      expect(placed.uid).toBe(0);
    },
    minute,
  );
});

async function infoOf(
  engine: TestEngine,
): Promise<Awaited<ReturnType<Awaited<ReturnType<typeof adapterOf>>['describe']>>> {
  return (await adapterOf(engine)).describe();
}

/** With the state in which each was proven. */
async function provenPacks(bundle: string): Promise<readonly MountablePack[]> {
  const store = createPackStore(bundle);
  const { packs } = await readBundle(bundle, { platform: { os: 'linux', architecture: 'amd64' } });
  return Promise.all(packs.map(async (entry) => ({ ...entry, proven: await store.prove(entry.pack.image) })));
}

/** The file of the bundle's only pack: its largest blob. */
async function packIn(bundle: string): Promise<string> {
  const blobs = join(bundle, 'blobs', 'sha256');
  const names = readdirSync(blobs).filter((name) => /^[0-9a-f]{64}$/.test(name));
  for (const name of names) {
    const file = join(blobs, name);
    const handle = await open(file);
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    await handle.close();
    if (buffer.toString() === 'hsqs') return file;
  }
  throw new Error(`cannot find a pack in ${bundle}`);
}

/** In place, beyond the first block, so that it could be mounted. */
async function overwrite(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc((await handle.stat()).size - 4096, 'x'), 0, undefined, 4096);
  await handle.close();
}

/** The same by another user. */
async function overwriteAs(user: number, file: string): Promise<void> {
  const { size } = await stat(file);
  const script = 'yes evil | head -c "$2" | dd of="$1" bs=4096 seek=1 conv=notrunc status=none';
  const args = [
    '--reuid',
    String(user),
    '--regid',
    String(user),
    '--clear-groups',
    'sh',
    '-c',
    script,
    'sh',
    file,
  ];
  const done = await run('setpriv', [...args, String(size - 4096)]);
  if (done.exitCode !== 0) throw new Error(`cannot write to ${file}: ${done.stderr}`);
}

function sha256Of(filler: Filler): string {
  const hash = createHash('sha256');
  for (const block of fillerBytes(filler)) hash.update(block);
  return hash.digest('hex');
}

/** The files behind all loop devices. */
function loopFiles(): readonly string[] {
  return readdirSync('/sys/block').flatMap((name) => {
    try {
      return [readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim()];
    } catch {
      return [];
    }
  });
}
