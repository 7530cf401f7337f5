import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { isObject } from '@drayage/core';

import { dindSpec } from './support/dind-image.ts';
import { dray } from './support/dray.ts';
import { enginePath } from './support/engine-programs.ts';
import { startEngine, type EngineVariant, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, layerOf, pushImage, type LayerEntry, type PushedImage } from './support/images.ts';
import { runOrThrow, type Finished } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

const dataRoot = '/var/lib/docker';
const dataLayer: readonly LayerEntry[] = [{ path: 'data', content: { seed: 'data', sizeBytes: 3_000_000 } }];

/** An engine of this machine, and how it runs a container that may do everything. */
interface Outer extends EngineVariant {
  readonly privileged: readonly string[];
  /** The builder that the docker client uses here. */
  readonly buildkit: '0' | '1';
}

const outers: readonly Outer[] = [
  {
    name: '20.10',
    imageStore: 'classic',
    buildkit: '1',
    // Where the machine itself lacks a capability, this engine refuses --privileged.
    privileged: [
      ...['--cap-add', 'ALL', '--cap-drop', 'SYS_RESOURCE', '--cgroupns', 'private'],
      ...['seccomp', 'apparmor', 'systempaths'].flatMap((name) => ['--security-opt', `${name}=unconfined`]),
      ...['--device-cgroup-rule', 'a *:* rwm', '--device', '/dev/loop-control'],
    ],
  },
  {
    name: '28.5',
    imageStore: 'classic',
    buildkit: '0',
    privileged: ['--privileged', '--cgroupns', 'private'],
  },
];

for (const outer of outers) {
  const needs = { engine: outer, registry: true, programs: ['mksquashfs', 'mkfs.ext4', 'e2fsck', 'flock'] };
  describeWith(needs, `a baked docker-in-docker ${outer.name}`, () => {
    let registry: TestRegistry;
    let engine: TestEngine;
    let folder: string;
    let app: PushedImage;
    let tool: PushedImage;
    let base: PushedImage;
    let started = 0;

    beforeAll(async () => {
      folder = makeFolder();
      registry = await startRegistry();
      engine = await startEngine(outer);
      app = await pushImage(registry, 'team/app:1', {
        layers: [busyboxLayer(), dataLayer],
        config: { Cmd: ['wc', '-c', '/data'] },
      });
      tool = await pushImage(registry, 'team/tool:1', {
        layers: [busyboxLayer(), [{ path: 'version', content: 'one' }]],
        config: { Cmd: ['cat', '/version'] },
      });
      base = await pushImage(registry, 'dind:1', await dindSpec(outer.name));
      // One run after the other: the second adds a pack with the layer that is new.
      await drayDone('prepull', '--form', 'packs', app.reference);
      await drayDone('prepull', '--form', 'packs', app.reference, tool.reference);
      await drayDone('bake', '--base', base.reference, '--tag', 'baked:1');
    });

    afterAll(async () => {
      await engine.stop();
      await registry.stop();
      await removeFolder(folder);
    });

    afterEach(async () => {
      await removeContainers();
      await engine.docker(['volume', 'prune', '--force', ...(outer.name === '20.10' ? [] : ['--all'])]);
      await waitUntil(() => bakedLoopDevices().length === 0, 'no loop device of a pack or disk is left');
    });

    const drayHere = (command: string, ...args: readonly string[]): Promise<Finished> =>
      dray([command, ...args, '--bundle', join(folder, 'bundle')], {
        cwd: folder,
        env: { ...engine.env, PATH: enginePath(outer.name), DOCKER_BUILDKIT: outer.buildkit },
      });
    const drayDone = async (command: string, ...args: readonly string[]): Promise<Finished> => {
      const finished = await drayHere(command, ...args);
      if (finished.exitCode === 0) return finished;
      throw new Error(`dray ${command} ended with ${String(finished.exitCode)}:\n${finished.stderr}`);
    };
    const removeContainers = async (): Promise<void> => {
      const { stdout } = await engine.docker(['ps', '--all', '--quiet']);
      const ids = stdout.split('\n').filter((id) => id !== '');
      if (ids.length > 0) await engine.docker(['rm', '--force', '--volumes', ...ids]);
    };
    /** Starts a container with an engine in it, which has no network. */
    const runDind = async (...imageAndOptions: readonly string[]): Promise<string> => {
      const [image = '', ...options] = imageAndOptions;
      const name = `dind${String(started++)}`;
      await engine.docker([
        ...['run', '--detach', '--name', name, '--network', 'none', ...options],
        ...[image, '--bridge=none', '--iptables=false'],
      ]);
      return name;
    };
    const answering = async (name: string): Promise<string> => {
      const answers = async (): Promise<boolean> => {
        const state = await engine.docker(['inspect', '--format', '{{.State.Running}}', name]);
        if (state.stdout.trim() !== 'true') throw new Error(`${name} has ended:\n${await logOf(name)}`);
        return (await engine.tryDocker(['exec', name, 'docker', 'version'])).exitCode === 0;
      };
      await waitUntil(answers, `the engine in ${name} answers`);
      return name;
    };
    const startDind = async (...options: readonly string[]): Promise<string> =>
      answering(await runDind('baked:1', ...outer.privileged, ...options));
    const logOf = async (name: string): Promise<string> => {
      const { stdout, stderr } = await engine.docker(['logs', name]);
      return stdout + stderr;
    };
    /** Without rights it takes long to answer, if it ever does. */
    const engineStarts = (name: string): Promise<void> =>
      waitUntil(async () => (await logOf(name)).includes('Starting up'), `${name} starts its engine`);
    /** What our entry point has said. */
    const saidBy = async (name: string): Promise<string> =>
      (await logOf(name))
        .split('\n')
        .filter((line) => line.startsWith('drayage: '))
        .join('\n');
    const inside = async (name: string, ...args: readonly string[]): Promise<string> =>
      (await engine.docker(['exec', name, 'docker', ...args])).stdout.trim();
    const runInside = (name: string, image: string, ...args: readonly string[]): Promise<string> =>
      inside(name, 'run', '--rm', '--network', 'none', image, ...args);
    const imagesInside = async (name: string): Promise<readonly string[]> =>
      (await inside(name, 'images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n').toSorted();

    test('has its images when it starts, without a word to the registry and without a copy of its packs', async () => {
      let name = '';
      const startedAt = performance.now();
      const requests = await registry.requestsDuring(async () => {
        name = await startDind();
        expect(await runInside(name, app.reference)).toContain('3000000');
        const ms = Math.round(performance.now() - startedAt);
        console.info(
          `${outer.name}: ${String(ms)} ms from the start of the container to the end of the first run`,
        );
        expect(await runInside(name, tool.reference)).toBe('one');
      });
      expect(requests).toEqual([]);
      expect(await imagesInside(name)).toEqual([app.reference, tool.reference].toSorted());
      expect(
        await inside(name, 'image', 'inspect', '--format', '{{.Id}} {{.RepoDigests}}', app.reference),
      ).toBe(`${app.config.digest} [${registry.host}/team/app@${app.manifest.digest}]`);
      expect(await saidBy(name)).toContain('2 images in 2 packs');
      const { stdout: changed } = await engine.docker(['diff', name]);
      expect(changed).toContain('/drayage/mnt');
      expect(changed).not.toContain('/drayage/packs');
    });

    test('builds on its images, saves and removes them', async () => {
      const name = await startDind();
      const context = `printf 'FROM ${tool.reference}\nCOPY . /added\n' >/tmp/Dockerfile && cd /tmp && docker build -t built:1 .`;
      await engine.docker(['exec', '--env', 'DOCKER_BUILDKIT=0', name, 'sh', '-c', context]);
      expect(await runInside(name, 'built:1', 'ls', '/added')).toContain('Dockerfile');
      await engine.docker(['exec', name, 'sh', '-c', `docker save ${tool.reference} >/tmp/saved.tar`]);
      await inside(name, 'image', 'rm', 'built:1', tool.reference);
      expect(await imagesInside(name)).toEqual([app.reference]);
      await inside(name, 'load', '--input', '/tmp/saved.tar');
      expect(await runInside(name, tool.reference)).toBe('one');
    });

    test.each([
      { place: 'its own file system, which is overlayfs', options: [], says: 'a sparse ext4 file' },
      { place: 'a volume', options: ['--volume', dataRoot], says: `${dataRoot} (tmpfs)` },
      { place: 'a tmpfs', options: ['--tmpfs', `${dataRoot}:exec`], says: `${dataRoot} (tmpfs)` },
      {
        place: 'memory, when no disk can be made',
        options: ['--volume', '/dev/null:/usr/sbin/mkfs.ext4'],
        says: 'memory, as overlay2 does not work on overlay',
      },
    ])('puts the data-root on $place', async ({ options, says }) => {
      const name = await startDind(...options);
      expect(await saidBy(name)).toContain(says);
      expect(await inside(name, 'info', '--format', '{{.Driver}}')).toBe('overlay2');
      expect(await runInside(name, tool.reference)).toBe('one');
    });

    test.each(['stop', 'kill'])('keeps what was made in it over a %s and a start', async (end) => {
      const name = await startDind();
      await inside(name, 'tag', tool.reference, 'mine:1');
      await inside(name, 'volume', 'create', 'kept');
      await engine.docker([end, name]);
      await engine.docker(['start', name]);
      await answering(name);
      expect(await saidBy(name)).toContain('as the last start left it (a sparse ext4 file');
      expect(await runInside(name, 'mine:1')).toBe('one');
      expect(await runInside(name, app.reference)).toContain('3000000');
      expect(await inside(name, 'volume', 'ls', '--quiet')).toBe('kept');
    });

    test('keeps what was made in a volume for the next container, but never shares it', async () => {
      const volume = ['--volume', `shared:${dataRoot}`];
      const first = await startDind(...volume);
      await inside(first, 'tag', tool.reference, 'mine:1');
      const second = await runDind('baked:1', ...outer.privileged, ...volume);
      expect((await engine.docker(['wait', second])).stdout.trim()).toBe('1');
      expect(await saidBy(second)).toContain(dataRoot);
      expect(await runInside(first, 'mine:1')).toBe('one');
      await removeContainers();
      const third = await startDind(...volume);
      expect(await saidBy(third)).toContain('as the last start left it');
      expect(await runInside(third, 'mine:1')).toBe('one');
    });

    test('does not change a data-root that another engine has used, and says so', async () => {
      const volume = ['--volume', `used:${dataRoot}`];
      const plain = await answering(await runDind(base.reference, ...outer.privileged, ...volume));
      await inside(plain, 'volume', 'create', 'precious');
      await removeContainers();
      const name = await startDind(...volume);
      expect(await saidBy(name)).toContain(`an engine has used ${dataRoot} before`);
      expect(await inside(name, 'images', '--quiet')).toBe('');
      expect(await inside(name, 'volume', 'ls', '--quiet')).toBe('precious');
    });

    test('starts over when it was killed while it laid out the data-root', async () => {
      const volume = ['--volume', `half:${dataRoot}`];
      const half = `cd ${dataRoot} && touch .drayage-unfinished && mkdir -p overlay2/gone image/overlay2/layerdb`;
      await engine.docker(['run', '--rm', ...volume, base.reference, 'sh', '-c', half]);
      const name = await startDind(...volume);
      expect(await runInside(name, tool.reference)).toBe('one');
      expect((await engine.docker(['exec', name, 'ls', `${dataRoot}/overlay2`])).stdout).not.toContain(
        'gone',
      );
    });

    test('takes the place that --data-root names', async () => {
      const arg = '--data-root=/srv/docker';
      const name = 'elsewhere';
      const flags = ['--bridge=none', '--iptables=false', arg];
      await engine.docker([
        ...['run', '--detach', '--name', name, '--network', 'none', '--tmpfs', '/srv:exec'],
        ...[...outer.privileged, 'baked:1', ...flags],
      ]);
      await answering(name);
      expect(await saidBy(name)).toContain('/srv/docker (tmpfs)');
      expect(await runInside(name, tool.reference)).toBe('one');
    });

    test('says which right it lacks, and starts without its images', async () => {
      const unprivileged = await runDind('baked:1');
      await engineStarts(unprivileged);
      expect(await saidBy(unprivileged)).toContain('CAP_SYS_ADMIN');
      const rights = ['--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined'];
      const withoutLoop = await runDind('baked:1', ...rights);
      await engineStarts(withoutLoop);
      expect(await saidBy(withoutLoop)).toContain('loop-control');
      const user = await engine.tryDocker(['run', '--rm', '--user', 'nobody', 'baked:1']);
      expect(user.stderr).toContain('root');
    });

    test('mounts nothing for a command that starts no engine', async () => {
      // With a network the engine warns of what its machine does not forward.
      const options = ['--rm', '--network', 'none'];
      const { stdout, stderr } = await engine.docker(['run', ...options, 'baked:1', 'echo', 'hello world']);
      expect(stdout).toBe('hello world\n');
      expect(stderr).toBe('');
    });

    test('is pushed on request, with a layer for each pack, and lists its content', async () => {
      const tag = `${registry.host}/team/baked:1`;
      const { stdout } = await drayDone('bake', '--base', base.reference, '--tag', tag, '--push', '--json');
      expect(JSON.parse(stdout)).toMatchObject({
        tag,
        pushed: true,
        images: [app.reference, tool.reference],
        packs: [{ layers: 2 }, { layers: 1 }],
      });
      await engine.docker(['image', 'rm', tag]);
      await engine.docker(['pull', tag]);
      const format = '{{index .Config.Labels "dev.drayage.images"}} {{len .RootFS.Layers}}';
      expect((await engine.docker(['image', 'inspect', '--format', format, tag])).stdout.trim()).toBe(
        `${app.reference} ${tool.reference} ${String(base.layers.length + 3)}`,
      );
    });
  });
}

describeWith({ registry: true, programs: ['mksquashfs'] }, 'dray bake', () => {
  let registry: TestRegistry;
  let folder: string;
  let image: PushedImage;

  beforeAll(async () => {
    registry = await startRegistry();
    image = await pushImage(registry, 'team/app:1', { layers: [busyboxLayer()] });
  });

  afterAll(() => registry.stop());

  beforeEach(async () => {
    folder = makeFolder();
    const { exitCode, stderr } = await run('prepull', '--form', 'packs', image.reference);
    if (exitCode !== 0) throw new Error(stderr);
  });

  afterEach(() => removeFolder(folder));

  const run = (command: string, ...args: readonly string[]): Promise<Finished> =>
    dray([command, ...args], { cwd: folder, env: { PATH: '/usr/bin:/bin' } });
  /** The error that `--json` printed. */
  const failure = ({ stdout }: Finished): unknown => {
    const report: unknown = JSON.parse(stdout);
    return isObject(report) ? report['error'] : undefined;
  };
  const context = (): string => join(folder, '.dray/bake');

  test('writes a build context only, when no name is given', async () => {
    const { exitCode, stdout } = await run('bake');
    expect({ exitCode, stdout }).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('.dray/bake'),
    });
    expect(readdirSync(context()).toSorted()).toEqual(['Dockerfile', 'drayage', 'packs']);
    expect(readFileSync(join(context(), 'Dockerfile'), 'utf8')).toContain('FROM docker:dind\n');
  });

  test('replaces an earlier build context, and nothing else', async () => {
    await run('bake');
    const before = statSync(join(context(), 'drayage/layout.tar')).mtimeMs;
    expect((await run('bake', '--base', 'docker:27-dind')).exitCode).toBe(0);
    expect(statSync(join(context(), 'drayage/layout.tar')).mtimeMs).toBeGreaterThan(before);
    writeFileSync(join(context(), 'mine.txt'), 'precious');
    const refused = await run('bake', '--json');
    expect(refused.exitCode).toBe(2);
    expect(failure(refused)).toMatchObject({ code: 'USAGE' });
    expect(readdirSync(join(context(), 'packs'))).toHaveLength(1);
    expect(existsSync(join(context(), 'mine.txt'))).toBe(true);
  });

  test('asks for packs where a bundle has none', async () => {
    await run('prepull', '--bundle', 'other', image.reference);
    const refused = await run('bake', '--bundle', 'other', '--json');
    expect(refused.exitCode).toBe(3);
    expect(failure(refused)).toMatchObject({
      code: 'PACK_INVALID',
      hint: expect.stringContaining('--form packs'),
    });
    expect(existsSync(context())).toBe(false);
  });

  test('names the image and the layers that no pack holds', async () => {
    const next = await pushImage(registry, 'team/app:2', { layers: [busyboxLayer(), dataLayer] });
    await run('prepull', next.reference);
    const refused = await run('bake', '--json');
    expect(failure(refused)).toMatchObject({
      code: 'PACK_INVALID',
      message: expect.stringMatching(new RegExp(`app:2 .*${layerOf(next, 1).diffId}`)),
    });
  });

  test('refuses a pack of which one byte was changed', async () => {
    const pack = largestBlob(join(folder, '.dray/bundle/blobs/sha256'));
    const bytes = readFileSync(pack);
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    writeFileSync(pack, bytes);
    const refused = await run('bake', '--json');
    expect(failure(refused)).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(existsSync(context())).toBe(false);
  });

  test.each(['docker:dind\nRUN touch /pwned', 'docker:$(id)', '--platform=x', 'a b'])(
    'refuses %j as the name of a base image',
    async (name) => {
      const refused = await run('bake', '--json', `--base=${name}`);
      expect(refused.exitCode).toBe(2);
      expect(failure(refused)).toMatchObject({ code: 'REFERENCE_INVALID' });
    },
  );

  test('puts no name of a bundle into the Dockerfile that is no reference', async () => {
    const index = join(folder, '.dray/bundle/index.json');
    const hostile = JSON.stringify('x"\nRUN touch /pwned\n').slice(1, -1);
    // Whoever forges an index leaves out the checksum.
    const unchecked = readFileSync(index, 'utf8').replace(/,\s*"dev\.drayage\.checksum": *"[^"]*"/, '');
    expect(unchecked).not.toContain('checksum');
    writeFileSync(index, unchecked.replaceAll(`"${image.reference}"`, `"${hostile}"`));
    const { exitCode, stderr } = await run('bake');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(context(), 'Dockerfile'), 'utf8')).not.toContain('pwned');
    expect(readFileSync(join(context(), 'drayage/entrypoint.sh'), 'utf8')).not.toContain('pwned');
  });

  test('says that the docker program is missing, and leaves the build context', async () => {
    const args = ['bake', '--tag', 'baked:1', '--json'];
    const refused = await dray(args, { cwd: folder, env: { PATH: folder } });
    expect(failure(refused)).toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    expect(existsSync(join(context(), 'Dockerfile'))).toBe(true);
  });

  test('pushes nothing without a name', async () => {
    const refused = await run('bake', '--push', '--json');
    expect(refused.exitCode).toBe(2);
    expect(failure(refused)).toMatchObject({ code: 'USAGE' });
  });
});

describeWith({ programs: ['shellcheck'] }, 'the entry point of baked images', () => {
  test('is a script in which shellcheck finds nothing', async () => {
    const script = fileURLToPath(new URL('../packages/bake/assets/dind-entrypoint.sh', import.meta.url));
    const { stdout } = await runOrThrow('shellcheck', ['--shell', 'sh', script]);
    expect(stdout).toBe('');
  });

  test('is in the package of the command', async () => {
    const cli = fileURLToPath(new URL('../packages/cli', import.meta.url));
    const args = ['pack', '--dry-run', '--json', '--silent'];
    const { stdout } = await runOrThrow('npm', args, { cwd: cli, env: { NODE_OPTIONS: undefined } });
    expect(stdout).toContain('"dist/assets/dind-entrypoint.sh"');
  });
});

function largestBlob(folder: string): string {
  const files = readdirSync(folder).map((name) => join(folder, name));
  return files.toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? '';
}

/** Loop devices with a file in a baked container, found by the path of the file. */
function bakedLoopDevices(): readonly string[] {
  return readdirSync('/sys/block')
    .map((name) => `/sys/block/${name}/loop/backing_file`)
    .filter((path) => {
      try {
        return readFileSync(path, 'utf8').includes('/drayage/');
      } catch {
        return false;
      }
    });
}
