import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { DeliveryReport } from '@drayage/core';

import { isBlobDownload } from './support/access-log.ts';
import { makeBridge, type TestBridge } from './support/bridge.ts';
import { dray, drayJson } from './support/dray.ts';
import { enginePath, everyEngineVariant } from './support/engine-programs.ts';
import { startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { mountTmpfs } from './support/mounts.ts';
import { programOnPath } from './support/parts.ts';
import { runOrThrow } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const base = busyboxLayer();
const config = { Cmd: ['cat', '/version'] };
const programs = ['mksquashfs', 'unsquashfs', 'mount', 'flock', 'unshare', 'nsenter', 'docker-compose'];

for (const variant of everyEngineVariant) {
  const title = `dray load with packs, engine ${variant.name}, ${variant.imageStore} store`;
  describeWith({ engine: variant, registry: true, programs }, title, () => {
    let registry: TestRegistry;
    let engine: TestEngine;
    let app: PushedImage;
    let folder: string;
    let bridge: TestBridge;

    beforeAll(async () => {
      registry = await startRegistry();
      engine = await startEngine(variant);
      bridge = await makeBridge();
      // The empty layer twice, as a Dockerfile with two WORKDIR lines makes it.
      const layers = [base, [], [{ path: 'version', content: 'one' }], []];
      app = await pushImage(registry, 'team/app:1', { layers, config });
    });

    afterAll(async () => {
      await engine.stop();
      await bridge.remove();
      await registry.stop();
    });

    beforeEach(async () => {
      folder = makeFolder();
      await mountTmpfs(folder);
      await prepull(app.reference);
    });

    afterEach(async () => {
      await dray(['engine', 'stop', '--data-root', dataRoot()]);
      await engine.docker(['system', 'prune', '--all', '--force']);
      await removeFolder(folder);
    });

    const bundle = (): string => join(folder, 'bundle');
    const dataRoot = (): string => join(folder, 'engine');
    const privateEngine = (): string[] => ['--data-root', dataRoot(), '--bridge', bridge.name];
    const prepull = (...args: string[]): Promise<unknown> =>
      drayJson('prepull', ['--form', 'packs', '--bundle', bundle(), ...args]);
    const load = (...more: string[]): Promise<DeliveryReport> =>
      drayJson('load', ['--bundle', bundle(), '--strict', ...privateEngine(), ...more], {
        host: engine.host,
        env: { PATH: enginePath(variant.name) },
      });
    const docker = async (report: DeliveryReport, ...args: string[]): Promise<string> => {
      const host = report.dockerHost ?? engine.host;
      return (await engine.docker(args, { env: { DOCKER_HOST: host } })).stdout.trim();
    };

    test('mounts, into this engine or a private one, without a request to the registry', async () => {
      let report: DeliveryReport | undefined;
      const requests = await registry.requestsDuring(async () => {
        report = await load('--delivery', 'mount');
        expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'mount', bytesSent: 0 }] });
        expect(await docker(report, 'run', '--rm', '--network', 'none', app.reference)).toBe('one');
      });
      expect(requests).toEqual([]);
      if (report === undefined) throw new Error('there is no report');
      expect(report.dockerHost === undefined).toBe(variant.imageStore === 'containerd');
      const loaded = report;
      const pulls = await registry.requestsDuring(async () => {
        expect(await docker(loaded, 'pull', app.reference)).toContain('Image is up to date');
      });
      expect(pulls.filter(isBlobDownload)).toEqual([]);
    });

    test('serves docker compose up, and a push to another repository', async () => {
      await prepull(app.reference, '--form', 'both');
      const report = await load('--delivery', 'mount', '--mount-content', 'blobs');
      const services = { web: { image: app.reference, network_mode: 'none' } };
      writeFileSync(join(folder, 'compose.json'), JSON.stringify({ services }));
      const env = { ...engine.env, DOCKER_HOST: report.dockerHost ?? engine.host };
      const compose = (...args: string[]): ReturnType<typeof runOrThrow> =>
        runOrThrow(programOnPath('docker-compose') ?? '', ['-f', join(folder, 'compose.json'), ...args], {
          env,
        });
      const requests = await registry.requestsDuring(async () => {
        const { stdout } = await compose('up', '--abort-on-container-exit', '--no-color');
        expect(stdout).toMatch(/web-1 +\| one/);
        await compose('down');
      });
      expect(requests).toEqual([]);

      const copy = `${registry.host}/team/copy:1`;
      await docker(report, 'tag', app.reference, copy);
      await docker(report, 'push', copy);
      await docker(report, 'image', 'rm', copy, app.reference);
      expect(await docker(report, 'run', '--rm', '--network', 'none', copy)).toBe('one');
    });

    test('loads what no overlay can stand on: an image with one layer twice', async () => {
      const twice = [{ path: 'twice', content: 'twice' }];
      const odd = await pushImage(registry, 'team/odd:1', { layers: [base, twice, [], twice], config });
      await prepull(app.reference, odd.reference);
      const report = await load('--delivery', 'mount');
      const ways = report.images.map(({ reference, delivery }) => [reference, delivery]);
      expect(Object.fromEntries(ways)).toEqual({ [app.reference]: 'mount', [odd.reference]: 'load' });
    });

    test('never mounts a pack with one flipped byte', async () => {
      const file = packFile(await drayJson('inspect', ['--bundle', bundle()]), bundle());
      const bytes = readFileSync(file);
      bytes[5000] = (bytes[5000] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      const { exitCode, stderr } = await dray(
        ['load', '--bundle', bundle(), '--delivery', 'mount', ...privateEngine()],
        { host: engine.host, env: { PATH: enginePath(variant.name) } },
      );
      expect(exitCode).toBe(0);
      expect(stderr).toContain('its bytes hash to');
      expect((await engine.docker(['image', 'ls', '--quiet'])).stdout).toBe('');
    });

    test('starts no private engine unless the caller gets its address', async () => {
      const report = await load();
      expect(report.dockerHost).toBeUndefined();
      const wanted = variant.imageStore === 'containerd' ? 'mount' : 'load';
      expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: wanted }] });
    });
  });
}

function packFile(inspection: unknown, bundle: string): string {
  const manifestDigest = /"packs":\[\{"digest":"sha256:([a-f0-9]{64})"/.exec(JSON.stringify(inspection))?.[1];
  const manifest = readFileSync(join(bundle, 'blobs/sha256', manifestDigest ?? ''), 'utf8');
  const image = /squashfs\.v1","digest":"sha256:([a-f0-9]{64})"/.exec(manifest)?.[1];
  return join(bundle, 'blobs/sha256', image ?? '');
}
