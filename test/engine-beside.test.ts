import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { packVolumeName } from '@drayage/mount';

import { isBlobDownload } from './support/access-log.ts';
import { besideEngine, expectNothingBeside, type BesideEngine } from './support/beside-engine.ts';
import { dindSpec } from './support/dind-image.ts';
import { drayJson } from './support/dray.ts';
import { isAnswering } from './support/engine-http.ts';
import { enginePath } from './support/engine-programs.ts';
import { startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { programOnPath } from './support/parts.ts';
import { errorCodeIn, killAll } from './support/private-engine.ts';
import { runOrThrow } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { leftIn } from './support/remote-engine.ts';
import { describeWith } from './support/requirements.ts';
import { startTcpRelay, type TcpRelay } from './support/tcp-relay.ts';
import { waitUntil } from './support/wait.ts';

const base = busyboxLayer();
const programs = ['mksquashfs', 'unsquashfs', 'busybox', 'flock', 'docker-compose'];

async function pushApp(registry: TestRegistry): Promise<PushedImage> {
  const data = [{ path: 'lib/data', content: { seed: 'beside', sizeBytes: 20_000_000 } }];
  const layers = [base, data, [{ path: 'version', content: 'one' }]];
  return pushImage(registry, 'team/app:1', { layers, config: { Cmd: ['cat', '/version'] } });
}

describe.each([
  { name: '20.10', imageStore: 'classic' },
  { name: '28.5', imageStore: 'classic' },
] as const)('beside engine $name, which only its port reaches', (variant) => {
  describeWith({ engine: variant, registry: true, root: true, programs }, 'another engine', () => {
    let registry: TestRegistry;
    let engine: TestEngine;
    let port: TcpRelay;
    let app: PushedImage;
    let bundle: string;
    let folder: string;
    let beside: BesideEngine;

    beforeAll(async () => {
      registry = await startRegistry();
      app = await pushApp(registry);
      bundle = makeFolder();
      await drayJson('prepull', ['--form', 'packs', '--bundle', bundle, app.reference]);
      engine = await startEngine(variant);
      port = await startTcpRelay(engine.socketPath);
    });

    afterAll(async () => {
      await port.stop();
      await engine.stop();
      await removeFolder(bundle);
      await registry.stop();
    });

    beforeEach(() => {
      folder = makeFolder();
      beside = besideEngine(port.host, join(engine.dataRoot, 'volumes', packVolumeName, '_data'), folder);
    });

    afterEach(async () => {
      await beside.engine('stop');
      await removeFolder(folder);
    });

    const start = async (): Promise<string> =>
      (await beside.json('start', ['--bundle', bundle])).dockerHost ?? '';
    const docker = async (host: string, args: readonly string[], stdin?: string): Promise<string> => {
      const env = { DOCKER_HOST: host, DOCKER_BUILDKIT: '0' };
      return (
        await engine.docker(args, { env, ...(stdin === undefined ? {} : { input: stdin }) })
      ).stdout.trim();
    };

    test('has the images of the bundle, and docker works through its relay', async () => {
      const report = await beside.json('start', ['--bundle', bundle]);
      expect(report).toMatchObject({ version: engine.version, images: [{ delivery: 'mount' }] });
      const host = report.dockerHost ?? '';
      expect(await docker(host, ['run', '--rm', app.reference])).toBe('one');
      expect(await docker(host, ['run', '--rm', app.reference, 'md5sum', '/lib/data'])).toContain(
        '/lib/data',
      );
      const pulls = await registry.requestsDuring(async () => {
        expect(await docker(host, ['pull', app.reference])).toContain('Image is up to date');
      });
      expect(pulls.filter(isBlobDownload)).toEqual([]);
      expect(await docker(port.host, ['images', '--quiet'])).toBe('');
      expect(await beside.json('status')).toMatchObject({ state: 'running', version: engine.version });

      expect(await beside.json('stop')).toMatchObject({ outcome: 'stopped' });
      await expectNothingBeside(beside);
      expect(await leftIn(engine)).toBe('');
      const volume = readdirSync(join(engine.dataRoot, 'volumes', packVolumeName, '_data'));
      expect(volume.filter((name) => !/^[0-9a-f]{64}(\.proven)?$/.test(name))).toEqual([]);
    });

    test('serves builds, compose, raw input and output, and long answers', async () => {
      const host = await start();
      writeFileSync(join(folder, 'Dockerfile'), `FROM ${app.reference}\nRUN echo built >/built\n`);
      await docker(host, ['build', '--network', 'none', '--tag', 'built:1', folder]);
      expect(await docker(host, ['run', '--rm', 'built:1', 'cat', '/built'])).toBe('built');
      const kit = { ...engine.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '1', PATH: enginePath('20.10') };
      const args = ['build', '--network', 'none', '--progress', 'plain', '--tag', 'built:2', folder];
      await runOrThrow('docker', args, { env: kit });
      expect(await docker(host, ['run', '--rm', 'built:2', 'cat', '/built'])).toBe('built');

      const services = { web: { image: app.reference } };
      writeFileSync(join(folder, 'compose.json'), JSON.stringify({ services }));
      const compose = (...words: string[]): ReturnType<typeof runOrThrow> =>
        runOrThrow(programOnPath('docker-compose') ?? '', ['-f', join(folder, 'compose.json'), ...words], {
          env: { ...engine.env, DOCKER_HOST: host },
        });
      const { stdout } = await compose('up', '--abort-on-container-exit', '--no-color');
      expect(stdout).toMatch(/web-1 +\| one/);
      await compose('down');

      const text = 'input\n'.repeat(100_000);
      expect(await docker(host, ['run', '--rm', '--interactive', app.reference, 'wc', '-c'], text)).toBe(
        String(text.length),
      );
      const archive = join(folder, 'saved.tar');
      await docker(host, ['save', '--output', archive, app.reference]);
      expect(readFileSync(archive).byteLength).toBeGreaterThan(20_000_000);
      await docker(host, ['load', '--input', archive]);
    });

    test('is started by load, which exports where it is', async () => {
      const file = join(folder, 'exported');
      const report = await drayJson(
        'load',
        ['--bundle', bundle, '--strict', '--reach', 'api', '--export', file],
        {
          host: port.host,
          env: { ...beside.env, DRAY_BRIDGE: beside.bridge },
        },
      );
      expect(report).toMatchObject({
        outcome: 'hit',
        choice: { way: 'mount-beside' },
        images: [{ delivery: 'mount' }],
      });
      const { dockerHost = '' } = report;
      expect(readFileSync(file, 'utf8')).toBe(`export DOCKER_HOST=${dockerHost}\n`);
      expect(await docker(dockerHost, ['run', '--rm', '--network', 'none', app.reference])).toBe('one');
      // Nothing is started beside an engine that was started so.
      const again = await drayJson('load', ['--bundle', bundle, '--strict', '--export', file], {
        host: dockerHost,
        env: { ...beside.env, DRAY_REACH: 'api' },
      });
      expect(again).toMatchObject({ images: [{ delivery: 'present' }] });
      expect(again.dockerHost).toBeUndefined();
    });

    test('is one for each engine and user', async () => {
      await start();
      const second = await beside.engine('start', ['--bundle', bundle, '--json']);
      expect(errorCodeIn(second)).toBe('ENGINE_LOCKED');
    });

    test('removes itself with its containers when the relay is killed', async () => {
      const host = await start();
      await docker(host, ['network', 'create', 'own']);
      await docker(host, ['run', '--detach', '--network', 'own', app.reference, 'sleep', '1000']);
      const networks = readdirSync('/sys/class/net').filter((name) => name.startsWith('br-'));
      expect(networks).not.toEqual([]);
      await killAll([beside.relayPid()]);
      await waitUntil(() => beside.holdings().every((line) => line.startsWith('folder ')), 'it is gone');
      expect(readdirSync('/sys/class/net').filter((name) => networks.includes(name))).toEqual([]);
      await waitUntil(async () => (await leftIn(engine)) === '', 'the helper container is gone');
      expect(await docker(await start(), ['run', '--rm', app.reference])).toBe('one');
    });

    test('is removed by the next start when nothing of it could do so', async () => {
      const host = await start();
      await docker(host, ['run', '--detach', app.reference, 'sleep', '1000']);
      const helper = await docker(port.host, ['ps', '--quiet']);
      await docker(port.host, ['kill', helper]);
      await waitUntil(() => beside.relayPid() === -1, 'the relay has ended');
      expect(beside.holdings()).not.toEqual([]);
      const done = await beside.engine('start', ['--bundle', bundle]);
      expect(done.stderr).toContain('cleaning up after an engine that died');
      expect((await beside.json('stop')).outcome).toBe('stopped');
      await expectNothingBeside(beside);
    });
  });
});

const variant = { name: '28.5', imageStore: 'classic' } as const;

describeWith({ engine: variant, registry: true, root: true, programs }, 'an engine of BusyBox', () => {
  test('gets another one beside it, in its container', async () => {
    const registry = await startRegistry();
    const engine = await startEngine(variant);
    const [bundle, folder] = [makeFolder(), makeFolder()];
    try {
      const app = await pushApp(registry);
      await drayJson('prepull', ['--form', 'packs', '--bundle', bundle, app.reference]);
      const dind = await pushImage(registry, 'dind:1', await dindSpec(variant.name));
      const socket = join(folder, 'docker.sock');
      await engine.docker([
        ...['run', '--detach', '--privileged', '--network', 'none', '--cgroupns', 'host'],
        ...['--volume', `${dirname(socket)}:${dirname(socket)}`, '--volume', '/var/lib/docker'],
        ...[dind.reference, `--host=unix://${socket}`, '--bridge=none', '--iptables=false'],
        ...['--ip6tables=false', '--feature', 'containerd-snapshotter=false'],
      ]);
      await waitUntil(() => isAnswering(socket), 'the inner engine answers');
      const beside = besideEngine(`unix://${socket}`, '/nonexistent', folder);
      const { dockerHost = '' } = await beside.json('start', ['--bundle', bundle]);
      const env = { DOCKER_HOST: dockerHost };
      expect((await engine.docker(['run', '--rm', app.reference], { env })).stdout).toBe('one');
      expect(await beside.json('stop')).toMatchObject({ outcome: 'stopped' });
      const inner = { DOCKER_HOST: `unix://${socket}` };
      expect((await engine.docker(['ps', '--all', '--quiet'], { env: inner })).stdout).toBe('');
    } finally {
      const { stdout } = await engine.docker(['ps', '--all', '--quiet']);
      await engine.docker(['rm', '--force', '--volumes', ...stdout.split('\n').filter((id) => id !== '')]);
      await engine.stop();
      await removeFolder(folder);
      await removeFolder(bundle);
      await registry.stop();
    }
  });
});
