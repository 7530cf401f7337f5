import { rm, rmdir } from 'node:fs/promises';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { chainIds } from '@drayage/core/image';
import { mountLive, type LiveMountRequest } from '@drayage/mount';
import { repairLiveMounts, sweepLiveMounts } from '@drayage/mount/testing';

import { isBlobDownload } from './support/access-log.ts';
import { makeBridge, type TestBridge } from './support/bridge.ts';
import { drayJson } from './support/dray.ts';
import { engineInFolder, type EngineInFolder } from './support/engine-process.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import {
  busyboxLayer,
  pushImage,
  pushIndex,
  type LayerEntry,
  type PushedImage,
  type PushedIndex,
} from './support/images.ts';
import { adapterOf, containerdHoldings, liveRequest } from './support/live.ts';
import { mountsBelow, mountTmpfs } from './support/mounts.ts';
import { killAll } from './support/private-engine.ts';
import { listProcesses } from './support/process-table.ts';
import { run, runOrThrow } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

const variant = { name: '28.5', imageStore: 'containerd' } as const;
const base = busyboxLayer();
const library: readonly LayerEntry[] = [
  { path: 'lib/data', content: { seed: 'library', sizeBytes: 3_000_000 } },
];

function file(path: string, content: string): readonly LayerEntry[] {
  return [{ path, content }];
}

const needs = { engine: variant, registry: true, programs: ['mksquashfs', 'unsquashfs'] };

describeWith(needs, 'a live mount into a running engine', () => {
  let registry: TestRegistry;
  let bridge: TestBridge;
  let folder: string;
  let engine: EngineInFolder;
  let end: () => Promise<void>;
  let bundle: string;
  let packs: string;
  let app: PushedImage;
  let next: PushedImage;
  let multi: PushedIndex;

  const startEngine = async (): Promise<void> => {
    ({ engine, end } = await engineInFolder(folder, { ...variant, bridge: bridge.name }));
  };

  beforeAll(async () => {
    registry = await startRegistry();
    bridge = await makeBridge();
    folder = makeFolder();
    await mountTmpfs(folder);
    const config = { Cmd: ['cat', '/version'], Env: ['PATH=/bin', 'GREETING=hello'] };
    const layers = [base, library, file('version', 'one'), file('lib/.wh.data', '')];
    app = await pushImage(registry, 'team/app:1', { layers, config });
    next = await pushImage(registry, 'team/app:2', {
      layers: [base, library, file('version', 'two')],
      config,
    });
    multi = await pushIndex(registry, 'team/multi:1', {
      images: [
        { layers: [base, file('arch', 'amd64')], config: { Cmd: ['cat', '/arch'] } },
        { layers: [base, file('arch', 'arm64')], platform: { os: 'linux', architecture: 'arm64' } },
      ],
      withAttestation: true,
    });
    packs = makeFolder();
    await drayJson('prepull', ['--form', 'both', '--bundle', packs, app.reference, multi.reference]);
    await startEngine();
  });

  afterAll(async () => {
    await end();
    await removeFolder(folder);
    await removeFolder(packs);
    await bridge.remove();
    await registry.stop();
  });

  beforeEach(() => {
    bundle = makeFolder();
  });

  afterEach(async () => {
    await removeFolder(bundle);
    await clear();
  });

  const docker = async (...args: string[]): Promise<string> => (await engine.docker(args)).stdout.trim();
  const runImage = (...args: string[]): Promise<string> =>
    docker('run', '--rm', '--network', 'none', ...args);
  const request = (from = packs): Promise<LiveMountRequest> => liveRequest(engine, from);
  const mount = async (more: Partial<LiveMountRequest> = {}): ReturnType<typeof mountLive> =>
    mountLive({ ...(await request()), ...more });
  const packMounts = (): string[] => mountsBelow('/run/drayage/live').filter((path) => path.includes(uuid()));
  const uuid = (): string =>
    readFileSync(
      join(engine.dataRoot, 'containerd/daemon/io.containerd.grpc.v1.introspection/uuid'),
      'utf8',
    ).trim();

  /** Removes everything from the engine, and expects that nothing of ours is left. */
  async function clear(): Promise<void> {
    await docker('system', 'prune', '--all', '--force');
    await sweepLiveMounts(await request());
    expect(packMounts()).toEqual([]);
    expect(await containerdHoldings(engine)).toEqual([]);
  }

  test('makes images ready without a word to the registry, and a pull afterwards moves no blob', async () => {
    const requests = await registry.requestsDuring(async () => {
      expect(await mount()).toMatchObject({ made: 5, present: 0 });
      expect(await runImage(app.reference)).toBe('one');
      expect(await runImage(app.reference, 'sh', '-c', 'echo $GREETING; ls /lib')).toBe('hello');
      expect(await runImage(multi.reference)).toBe('amd64');
    });
    expect(requests).toEqual([]);

    const pulls = await registry.requestsDuring(async () => {
      expect(await docker('pull', app.reference)).toContain('Image is up to date');
      expect(await docker('pull', multi.reference)).toContain('Image is up to date');
    });
    expect(pulls.filter(isBlobDownload)).toEqual([]);
  });

  test('gives images the IDs, tags and digests of a pull', async () => {
    const format = '{{.Id}} {{json .RepoTags}} {{json .RepoDigests}}';
    const inspect = (): Promise<string> => docker('image', 'inspect', '--format', format, app.reference);
    await mount();
    const mounted = await inspect();
    await clear();
    await docker('pull', app.reference);
    expect(mounted).toBe(await inspect());
  });

  test('changes nothing the second time, and shares layers with what is there', async () => {
    await docker('pull', next.reference);
    expect(await mount()).toMatchObject({ made: 3, present: 2 });
    const before = await containerdHoldings(engine);
    expect(await mount()).toMatchObject({ made: 0, present: 5, swept: [] });
    expect(await containerdHoldings(engine)).toEqual(before);
    expect(await runImage(app.reference)).toBe('one');
    expect(await runImage(next.reference)).toBe('two');
  });

  test('puts another bundle on top; each pack stays as long as an image needs it', async () => {
    await mount();
    await drayJson('prepull', ['--form', 'packs', '--bundle', bundle, next.reference]);
    expect(await mountLive(await request(bundle))).toMatchObject({ made: 1, present: 2 });
    expect(packMounts()).toHaveLength(2);
    await docker('image', 'rm', app.reference, multi.reference);
    expect(await sweepLiveMounts(await request())).toHaveLength(0);
    expect(await runImage(next.reference)).toBe('two');
    await docker('image', 'rm', next.reference);
    expect(await sweepLiveMounts(await request())).toHaveLength(2);
  });

  test('leaves images to build on, with both builders, and to commit', async () => {
    await mount({ content: 'blobs' });
    const context = `${bundle}/context`;
    await runOrThrow('mkdir', [context]);
    await runOrThrow('sh', [
      '-c',
      `printf 'FROM ${app.reference}\nRUN echo new >> /version\n' > ${context}/Dockerfile`,
    ]);
    const requests = await registry.requestsDuring(async () => {
      await engine.docker(['build', '--network', 'none', '--tag', 'classic', context], {
        env: { DOCKER_BUILDKIT: '0' },
      });
      expect(await runImage('classic')).toBe('onenew');
      await buildWithBuildKit(engine, context, 'buildkit');
      expect(await runImage('buildkit')).toBe('onenew');
      await docker(
        'run',
        '--name',
        'changed',
        '--network',
        'none',
        app.reference,
        'sh',
        '-c',
        'echo x > /x; rm /version',
      );
      expect((await docker('diff', 'changed')).split('\n').sort()).toEqual(['A /x', 'D /version']);
      await docker('commit', 'changed', 'committed');
      expect(await runImage('committed', 'ls', '/x', '/bin/sh')).toContain('/x');
      for (const name of ['classic', 'buildkit', 'committed']) {
        await docker('save', '--output', `${bundle}/${name}.tar`, name);
      }
    });
    // BuildKit asks what the tag means now, as it does for a pulled image.
    expect(requests.filter(isBlobDownload)).toEqual([]);
    await clear();
    for (const name of ['classic', 'buildkit', 'committed']) {
      await docker('load', '--input', `${bundle}/${name}.tar`);
    }
    expect(await runImage('classic')).toBe('onenew');
    expect(await runImage('buildkit')).toBe('onenew');
    expect(await runImage('committed', 'cat', '/x')).toBe('x');
  });

  test('with the blobs of the layers leaves images that can be saved and inspected in full', async () => {
    const adapter = await adapterOf(engine);
    const [ours] = (await request()).images;
    if (ours === undefined) throw new Error('the bundle is empty');
    await mount();
    expect((await adapter.inspect(ours.target.digest))?.engineImageId).toBe(ours.target.digest);
    expect(await mount({ content: 'blobs' })).toMatchObject({ made: 0 });
    expect((await adapter.inspect(ours.target.digest))?.diffIds).toEqual(ours.diffIds);
    await adapter.checkUsable(ours.target.digest);
    await docker('save', '--output', `${bundle}/saved.tar`, app.reference);
    await clear();
    await docker('load', '--input', `${bundle}/saved.tar`);
    expect(await runImage(app.reference)).toBe('one');
  });

  test('takes a name from another image, which stays without one', async () => {
    await docker('pull', next.reference);
    await docker('tag', next.reference, app.reference);
    await docker('image', 'rm', next.reference);
    await mount();
    expect(await runImage(app.reference)).toBe('one');
    expect(await docker('images', '--quiet', '--filter', 'dangling=true')).not.toBe('');
  });

  test('survives a restart of the engine, also after kill -9', async () => {
    await mount();
    await docker('create', '--name', 'kept', '--network', 'none', app.reference);
    await end();
    await startEngine();
    expect(await docker('start', '--attach', 'kept')).toBe('one');
    process.kill(engine.pid, 'SIGKILL');
    await end();
    await startEngine();
    expect(await runImage(app.reference)).toBe('one');
    expect(await mount()).toMatchObject({ made: 0, repair: { mounted: [], removed: [] } });
  });

  test('survives kill -9 of only containerd, even in the middle of a mount', async () => {
    await mount();
    await killAll([containerd()]);
    await serving();
    expect(await runImage(app.reference)).toBe('one');
    expect(await mount()).toMatchObject({ made: 0, repair: { mounted: [], removed: [] } });
    await clear();
    // Either it gets through, or it fails, which must not hinder the next.
    await mountAndKill(engine, packs, { step: 5, victim: containerd() });
    await serving();
    await mount();
    expect(await runImage(app.reference)).toBe('one');
    await clear();
  });

  test('is repaired after a restart of the machine: an image never runs without its files', async () => {
    await mount();
    await unmountPacks();
    expect((await engine.tryDocker(['run', '--rm', '--network', 'none', app.reference])).exitCode).not.toBe(
      0,
    );
    const repaired = await repairLiveMounts(await request());
    expect(repaired.mounted).toHaveLength(1);
    expect(await runImage(app.reference)).toBe('one');

    await unmountPacks();
    await drayJson('prepull', ['--form', 'packs', '--bundle', bundle, multi.reference, app.reference]);
    await drayJson('prepull', [
      '--form',
      'packs',
      '--repack',
      '--bundle',
      bundle,
      next.reference,
      app.reference,
    ]);
    expect(await mountLive(await request(bundle))).toMatchObject({
      repair: { mounted: [expect.anything()] },
    });
    expect(await runImage(app.reference)).toBe('one');
  });

  test('drops images with missing packs, and no others', async () => {
    await docker('pull', next.reference);
    await mount();
    await docker('tag', app.reference, 'alias:1');
    await unmountPacks();
    const repaired = await repairLiveMounts({ ...(await request()), packs: [] });
    expect(repaired.removed).toHaveLength(3);
    expect(await docker('images', '--all', '--format', '{{.Repository}}:{{.Tag}}')).toBe(next.reference);
    expect(await runImage(next.reference)).toBe('two');
    await docker('pull', app.reference);
    expect(await runImage(app.reference)).toBe('one');
  });

  test('clears the leftovers of an engine with a deleted data-root', async () => {
    const gone = makeFolder();
    await mountTmpfs(gone);
    const other = await engineInFolder(gone, { ...variant, bridge: bridge.name });
    await mountLive(await liveRequest(other.engine, packs));
    const uuidFile = 'containerd/daemon/io.containerd.grpc.v1.introspection/uuid';
    const uuid = readFileSync(join(other.engine.dataRoot, uuidFile), 'utf8').trim();
    await other.end();
    await removeFolder(gone);
    const left = mountsBelow(`/run/drayage/live/${uuid}`);
    expect(left).not.toEqual([]);
    // The state of an engine in another mount namespace is unknown here.
    const elsewhere = '/run/drayage/live/of-another-namespace';
    mkdirSync(join(elsewhere, 'a'.repeat(64)), { recursive: true });
    writeFileSync(join(elsewhere, '.snapshots'), `mnt:[1] ${gone}/snapshots\n`);
    await mount();
    expect(readdirSync(elsewhere).sort()).toEqual(['.snapshots', 'a'.repeat(64)]);
    rmSync(elsewhere, { recursive: true });
    expect(mountsBelow(`/run/drayage/live/${uuid}`)).toEqual([]);
    expect(left.filter((path) => existsSync(dirname(path)))).toEqual([]);
    expect(packMounts()).toHaveLength(1);
  });

  test('can be done by several at once', async () => {
    await Promise.all([mount(), mount(), mount()]);
    expect(await runImage(app.reference)).toBe('one');
    expect(packMounts()).toHaveLength(1);
    const names = (await containerdHoldings(engine)).filter((line) => line.startsWith('snapshots'));
    const chains = (await request()).images.flatMap(({ diffIds }) => chainIds(diffIds));
    expect(names.sort()).toEqual([...new Set(chains)].map((chain) => `snapshots ${chain}`).sort());
  });

  test('that is killed at any step leaves nothing that the next does not clear', async () => {
    let kills = 0;
    for (;;) {
      const { exitCode, signal, stderr } = await mountAndKill(engine, packs, { step: kills + 1 });
      if (exitCode === 0) break;
      expect({ signal, stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
      kills += 1;
      await mount();
      expect(await runImage(app.reference)).toBe('one');
      await clear();
    }
    expect(kills).toBeGreaterThan(8);
  });

  test('that fails leaves nothing behind', async () => {
    const good = await request();
    const openBlob = (): Promise<never> => Promise.reject(new Error('no blobs'));
    await expect(mountLive({ ...good, content: 'blobs', openBlob })).rejects.toThrow('no blobs');
    expect(await containerdHoldings(engine)).toEqual([]);
    expect(packMounts()).toEqual([]);

    await rm(`${bundle}/none`, { force: true });
    const absent = good.packs.map((pack) => ({ ...pack, file: `${bundle}/none` }));
    await expect(mountLive({ ...good, packs: absent })).rejects.toMatchObject({ code: 'BLOB_MISSING' });

    const stop = new AbortController();
    const engineHost = {
      ...good.engineHost,
      sharesMounts: false,
      run: (...args: Parameters<typeof good.engineHost.run>) => {
        if (args[0].some((word) => word.includes('ln -s'))) stop.abort();
        return good.engineHost.run(args[0], stop.signal.aborted ? {} : args[1]);
      },
    };
    const aborted = mountLive({ ...good, engineHost, signal: stop.signal });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await containerdHoldings(engine)).toEqual([]);
    expect(packMounts()).toEqual([]);
  });

  test('is refused where it cannot be done', async () => {
    const good = await request();
    const lacking = mountLive({ ...good, packs: [] });
    await expect(lacking).rejects.toMatchObject({ code: 'MOUNT_UNAVAILABLE' });
    for (const info of [
      { ...good.info, imageStore: 'classic', storageDriver: 'overlay2' } as const,
      { ...good.info, storageDriver: 'native' },
    ]) {
      await expect(mountLive({ ...good, info })).rejects.toMatchObject({ code: 'MOUNT_UNAVAILABLE' });
    }
  });

  /** The process id of that of the engine, which starts another one when it is gone. */
  function containerd(): number {
    const config = join(engine.execRoot, 'containerd/containerd.toml');
    const [own, ...others] = listProcesses().filter(({ commandLine }) => commandLine.includes(config));
    if (own === undefined || others.length > 0) throw new Error('cannot tell which containerd it is');
    return own.pid;
  }

  async function serving(): Promise<void> {
    const isServing = async (): Promise<boolean> => (await engine.tryDocker(['images'])).exitCode === 0;
    await waitUntil(isServing, 'the engine has its containerd again');
  }

  /** As a restart of the machine would; the folders of /run are gone then too. */
  async function unmountPacks(): Promise<void> {
    for (const point of packMounts()) {
      await runOrThrow('umount', [point]);
      await rmdir(point);
    }
  }
});

/** Posts a build to the engine's own BuildKit, without the buildx command. */
async function buildWithBuildKit(engine: EngineInFolder, context: string, tag: string): Promise<void> {
  const url = `http://engine/build?version=2&networkmode=none&t=${tag}`;
  const script = `tar -C "$1" -c . | curl -sS --unix-socket "$2" -H 'Content-Type: application/x-tar' --data-binary @- "$3"`;
  const { stdout } = await runOrThrow('sh', ['-c', script, 'sh', context, engine.socketPath, url]);
  if (!stdout.includes('moby.image.id')) throw new Error(`cannot build: ${stdout}`);
}

/**
 * Mounts in a separate process, which kills the victim, or itself, before or after its n-th command on the
 * engine's side.
 */
async function mountAndKill(
  engine: EngineInFolder,
  bundle: string,
  { step, victim }: { readonly step: number; readonly victim?: number },
): ReturnType<typeof run> {
  const script = `
    const core = await import('@drayage/core/bundle');
    const { createLocalEngineHost, mountLive } = await import('@drayage/mount');
    const { createDockerEngine, resolveEngineEndpoint } = await import('@drayage/engine');
    const [host, bundle, step, victim] = process.argv.slice(1);
    const info = await createDockerEngine({ endpoint: await resolveEngineEndpoint({ host, env: {}, homeDir: bundle }) }).describe();
    const { documents, blobs } = core.createDirectoryTransport(bundle);
    const index = await core.readBundleIndex(documents);
    const images = await Promise.all(index.entries.map((entry) => core.readImage(blobs, entry, info.platform)));
    const packs = (await core.readPacks(blobs, index.packs)).map((pack) => ({ pack, file: core.createPackStore(bundle).fileOf(pack.image.digest) }));
    const local = await createLocalEngineHost({ info });
    let count = 0;
    const kill = () => { if (++count === Number(step)) process.kill(Number(victim) || process.pid, 'SIGKILL'); };
    const engineHost = { ...local, sharesMounts: false, run: async (...args) => { kill(); const done = await local.run(...args); kill(); return done; } };
    await mountLive({ engineHost, info, images, packs, openBlob: async (blob) => { kill(); return blobs.open(blob); }, content: 'blobs' });
  `;
  return run(process.execPath, [
    '--input-type=module',
    '--eval',
    script,
    engine.host,
    bundle,
    String(step),
    String(victim ?? ''),
  ]);
}
