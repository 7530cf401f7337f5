import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { digestOf } from '@drayage/core';
import type { PrepullReport } from '@drayage/core';

import { dray, drayJson } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, pushIndex, type PushedImage, type PushedIndex } from './support/images.ts';
import { runOrThrow } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const [variant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;

describeWith(
  { engine: variant, registry: true, programs: ['skopeo', 'umoci'] },
  'bundles and the tools of others',
  () => {
    let registry: TestRegistry;
    let engine: TestEngine;
    let folder: string;
    let bundle: string;
    let app: PushedImage;
    let multi: PushedIndex;
    let docker: PushedImage;

    beforeAll(async () => {
      registry = await startRegistry();
      engine = await startEngine(variant);
      app = await pushImage(registry, 'team/app:1', {
        layers: [busyboxLayer(), [{ path: 'who', content: 'app' }]],
        config: { Cmd: ['cat', '/who'] },
      });
      multi = await pushIndex(registry, 'team/multi:1', {
        images: [
          { layers: [busyboxLayer()], config: { Cmd: ['echo', 'amd64'] } },
          {
            layers: [[{ path: 'arch', content: 'arm64' }]],
            platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
          },
        ],
        withAttestation: true,
      });
      docker = await pushImage(registry, 'team/docker:1', {
        layers: [busyboxLayer()],
        mediaTypes: 'docker',
      });
    });

    afterAll(async () => {
      await engine.stop();
      await registry.stop();
    });

    beforeEach(async () => {
      folder = makeFolder();
      bundle = join(folder, 'bundle');
      await engine.docker(['system', 'prune', '--all', '--force']);
    });

    afterEach(() => removeFolder(folder));

    async function prepull(): Promise<PrepullReport> {
      const references = [app, multi, docker].map(({ reference }) => reference);
      return drayJson('prepull', [...references, '--bundle', bundle]);
    }

    test('skopeo inspects every image of a bundle by its name', async () => {
      const { images } = await prepull();
      for (const [position, { reference }] of [app, multi].entries()) {
        const { stdout } = await runOrThrow('skopeo', [
          'inspect',
          '--format',
          '{{.Digest}}',
          `oci:${bundle}:${reference}`,
        ]);
        expect(stdout.trim()).toBe(images[position]?.manifestDigest);
      }
    });

    test('skopeo copies images of a bundle into an engine', async () => {
      await prepull();
      const policy = ['--insecure-policy', 'copy', '--dest-daemon-host', engine.host];
      await runOrThrow('skopeo', [
        ...policy,
        `oci:${bundle}:${app.reference}`,
        `docker-daemon:${app.reference}`,
      ]);
      const { stdout } = await engine.docker(['run', '--rm', '--network', 'none', app.reference]);
      expect(stdout).toBe('app');
    });

    test('skopeo and umoci read images in Docker’s own media types as well', async () => {
      await prepull();
      const { stdout } = await runOrThrow('skopeo', ['inspect', `oci:${bundle}:${docker.reference}`]);
      expect(JSON.parse(stdout)).toMatchObject({ Layers: docker.layers.map(({ digest }) => digest) });
      await unpack(docker.reference);
    });

    test('umoci unpacks images of a bundle', async () => {
      await prepull();
      const list = await runOrThrow('umoci', ['list', '--layout', bundle]);
      expect(list.stdout).toContain(app.reference);
      await unpack(app.reference);
      await unpack(multi.reference);
    });

    async function unpack(reference: string): Promise<void> {
      const target = join(folder, 'unpacked', digestOf(reference));
      await runOrThrow('umoci', ['unpack', '--image', `${bundle}:${reference}`, target]);
      expect((await runOrThrow('ls', [join(target, 'rootfs', 'bin')])).stdout).toContain('busybox');
    }

    test.each(['', ':named'])('a bundle made by skopeo (oci:DIR%s) loads', async (suffix) => {
      const name = suffix === '' ? '' : `:${multi.reference}`;
      await runOrThrow('skopeo', [
        '--insecure-policy',
        'copy',
        '--all',
        '--src-tls-verify=false',
        `docker://${multi.reference}`,
        `oci:${bundle}${name}`,
      ]);
      const report = await drayJson('load', ['--bundle', bundle, '--grace', '1h'], { host: engine.host });
      expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
      const image = suffix === '' ? (report.images[0]?.configDigest ?? '') : multi.reference;
      const { stdout } = await engine.docker(['run', '--rm', '--network', 'none', image]);
      expect(stdout.trim()).toBe('amd64');
    });

    test('inspect, verify and gc list the content of a bundle', async () => {
      await prepull();
      const inspection = await drayJson('inspect', [bundle]);
      // They are listed as they became ready.
      const manifests = [app.manifest, multi.images[0]?.manifest, docker.manifest];
      expect(new Set(inspection.images.map(({ manifestDigest }) => manifestDigest))).toEqual(
        new Set(manifests.map((manifest) => manifest?.digest)),
      );
      expect(inspection.images.map(({ complete }) => complete)).toEqual([true, true, true]);
      expect((await dray(['bundle', 'verify', bundle])).exitCode).toBe(0);
      expect(await drayJson('gc', [bundle])).toMatchObject({ bytesFreed: 0 });
      expect((await dray(['bundle', 'verify', bundle])).exitCode).toBe(0);
    });
  },
);
