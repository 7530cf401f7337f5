import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { testEnvironment } from '../scripts/test-environment.mjs';
import { isBlobDownload } from './support/access-log.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import {
  busyboxLayer,
  layerOf,
  programLayer,
  pushImage,
  pushIndex,
  type ImageSpec,
} from './support/images.ts';
import { expectNoLeaks, holdings, type Holdings } from './support/leaks.ts';
import { run, start } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const NEEDS = { registry: true, programs: ['busybox', 'zstd'] };

let before: Holdings;
beforeAll(() => {
  before = holdings();
});
afterAll(async () => {
  await expectNoLeaks(before);
});

describe.each(engineVariants)('engine $name with the $imageStore store', (variant) => {
  describeWith({ ...NEEDS, engine: variant }, 'a test engine', () => {
    let registry: TestRegistry;
    let engine: TestEngine;
    beforeAll(async () => {
      registry = await startRegistry();
      engine = await startEngine(variant);
    });
    afterAll(async () => {
      await engine.stop();
      await registry.stop();
    });

    test('runs an image that was pushed without an engine', async () => {
      const image = await pushImage(registry, 'team/app:1', { layers: [busyboxLayer(), proof('one')] });

      const pulling = await registry.requestsDuring(() => engine.docker(['pull', image.reference]));

      expect(await readProof(engine, image.reference)).toBe('one');
      expect(pulling.filter(isBlobDownload)).toHaveLength(3);
    });

    test('has the store it was asked for', async () => {
      const { stdout } = await engine.docker(['info', '--format', '{{json .DriverStatus}}']);

      expect(stdout.includes('io.containerd.snapshotter')).toBe(variant.imageStore === 'containerd');
    });

    test('takes its own platform from an index', async () => {
      const spec = {
        images: [forArm(proof('arm')), { layers: [busyboxLayer(), proof('amd')] }],
        withAttestation: true,
      };
      const { reference } = await pushIndex(registry, 'team/many:1', spec);

      await engine.docker(['pull', '--platform', 'linux/amd64', reference]);

      expect(await readProof(engine, reference)).toBe('amd');
    });

    test('runs a program of this machine', async () => {
      const { reference } = await pushImage(registry, 'team/zstd:1', {
        layers: [await programLayer('/usr/bin/zstd')],
      });

      const { stdout } = await engine.docker([
        'run',
        '--rm',
        '--network',
        'none',
        reference,
        'zstd',
        '--version',
      ]);

      expect(stdout).toContain('Zstandard');
    });

    test('is stopped with a container still running', async () => {
      const image = await pushImage(registry, 'team/sleeper:1', {
        layers: [busyboxLayer()],
        mediaTypes: 'docker',
      });

      await engine.docker(['run', '--detach', '--network', 'none', image.reference, 'sleep', '1000']);

      expect((await engine.docker(['ps', '--quiet'])).stdout).not.toBe('');
    });
  });
});

describeWith(NEEDS, 'a test registry', () => {
  test('demands its credentials', async () => {
    const registry = await startRegistry({ htpasswd: { user: 'anna', password: 'planted' } });

    await pushImage(registry, 'private:1', { layers: [proof('secret')] });
    const refused = await fetch(`${registry.url}/v2/private/manifests/1`);
    await registry.stop();

    expect(refused.status).toBe(401);
  });

  test.each(['gzip', 'zstd', 'none'] as const)(
    'serves the same bytes that were built, stored as %s',
    async (compression) => {
      const registry = await startRegistry();
      const filler = { path: 'filler', content: { seed: 'harness', sizeBytes: 3_000_000 } };

      const built = await pushImage(registry, 'app:1', { layers: [[filler]], compression });
      const served = await fetch(`${registry.url}/v2/app/blobs/${layerOf(built, 0).digest}`);
      const { byteLength } = await served.arrayBuffer();
      await registry.stop();

      expect(byteLength).toBe(layerOf(built, 0).sizeBytes);
      expect(byteLength < 2_000_000).toBe(compression !== 'none');
    },
  );
});

describe('the environment of the tests', () => {
  test('lacks variables of the user that would change what is tested', () => {
    const settings = {
      ...{ DOCKER_HOST: 'tcp://elsewhere:1', REGISTRY_LOG: '1', DRAY_STRICT: 'true', HTTPS_PROXY: 'x' },
      ...{ LANG: 'tr_TR.UTF-8', CI_JOB_ID: '7' },
    };
    const env = testEnvironment({ ...settings, CI: 'true', HOME: '/root' });
    for (const name of Object.keys(settings)) expect(env).not.toHaveProperty(name);
    expect(env).toMatchObject({ CI: 'true', HOME: '/root', LC_ALL: 'C.UTF-8' });
  });

  test('finds the programs for administrators on any PATH', () => {
    expect(testEnvironment({ PATH: '/opt/bin:/usr/bin' })['PATH']).toBe(
      '/opt/bin:/usr/bin:/usr/sbin:/sbin:/bin',
    );
  });

  test('is that of every program that they start', async () => {
    const { stdout } = await run('env', []);
    expect(stdout).toContain('LC_ALL=C.UTF-8\n');
    expect(stdout).not.toMatch(/^(?:DOCKER|DRAY|CIRCLE|GITLAB|REGISTRY)_/m);
  });
});

describe('a child process', () => {
  test('is measured to its end', async () => {
    const script = 'const held = Buffer.alloc(200e6, 1); setTimeout(() => console.log(held.length), 1000)';

    const { stdout, peakRssBytes, durationMs } = await run(process.execPath, ['-e', script]);

    expect(stdout).toBe('200000000\n');
    expect(peakRssBytes).toBeGreaterThan(200e6);
    expect(durationMs).toBeGreaterThan(1000);
  });

  test('can be killed at once', async () => {
    const child = start('sleep', ['1000']);

    const { signal, exitCode } = await child.kill('SIGKILL');

    expect({ signal, exitCode }).toEqual({ signal: 'SIGKILL', exitCode: undefined });
    expect(() => readFileSync(`/proc/${String(child.pid)}/stat`)).toThrow('ENOENT');
  });
});

function proof(content: string): ImageSpec['layers'][number] {
  return [{ path: 'proof', content }];
}

function forArm(layer: ImageSpec['layers'][number]): ImageSpec {
  return { layers: [layer], platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } };
}

async function readProof(engine: TestEngine, reference: string): Promise<string> {
  return (await engine.docker(['run', '--rm', '--network', 'none', reference, 'cat', '/proof'])).stdout;
}
