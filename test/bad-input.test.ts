import { symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mediaTypes } from '@drayage/core/image';
import { startFaultyRegistry, type Fault, type FaultyRegistry } from '@drayage/registry/testing';

import { dray, drayJson, reportOf } from './support/dray.ts';
import { engineVariants, startEngine } from './support/engines.ts';
import { serveImage } from './support/faulty-images.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, layerOf } from './support/images.ts';
import { runOrThrow, type Finished } from './support/processes.ts';
import { describeWith } from './support/requirements.ts';

let registry: FaultyRegistry;
let folder: string;
let bundle: string;
let good: Awaited<ReturnType<typeof serveImage>>;

beforeEach(async () => {
  folder = makeFolder();
  bundle = join(folder, 'bundle');
  registry = await startFaultyRegistry();
  good = await serveImage(registry, 'team/good:1', { layers: [busyboxLayer()] });
});

afterEach(async () => {
  await registry.close();
  await removeFolder(folder);
});

const prepull = (...args: readonly string[]): Promise<Finished> =>
  dray(['prepull', '--bundle', bundle, '--json', ...args]);

/** The other image of the run is complete, and nothing wrong has become visible. */
async function expectOnlyGood(finished: Finished): Promise<void> {
  const report = reportOf('prepull', finished);
  expect(finished.exitCode).toBe(3);
  expect(report.outcome).toBe('partial');
  expect(report.images.find(({ reference }) => reference === good.reference)?.state).toBe('ready');
  expect(await drayJson('verify', [bundle])).toMatchObject({ ok: true, images: 1 });
}

describe('wrong usage ends with 2 before anything happens', () => {
  test.each([
    ['a malformed reference', ['prepull', 'Team/App:1'], 'Team/App:1'],
    ['no image', ['prepull'], 'IMAGE'],
    ['a malformed platform', ['prepull', 'a', '--platform', 'linux'], '--platform'],
    ['an unknown option', ['load', '--ony', 'a'], 'ony'],
    ['an unknown command', ['lod'], 'lod'],
    ['a value that is no duration', ['load', '--timeout', 'soon'], '--timeout'],
    ['an unknown handover', ['load', '--handover', 'gopher://hole'], 'gopher'],
    ['a value that is not one of the choices', ['load', '--on-miss', 'cry'], '--on-miss'],
  ])('%s', async (_, args, named) => {
    const finished = await dray(args, { cwd: folder });
    expect(finished.exitCode).toBe(2);
    expect(finished.stderr).toContain(named);
    expect(finished.stderr).not.toContain('    at ');
  });

  test('a configuration file with a wrong value is named with its key and line', async () => {
    await writeFile(join(folder, '.dray.yml'), 'images: [a:1]\nconcurrency: many\n');
    const finished = await dray(['prepull'], { cwd: folder });
    expect(finished.exitCode).toBe(2);
    expect(finished.stderr).toMatch(/\.dray\.yml:2.*concurrency/);
  });

  test('a variable with a wrong value is named', async () => {
    const finished = await dray(['load'], { cwd: folder, env: { DRAY_TIMEOUT: 'soon' } });
    expect(finished.exitCode).toBe(2);
    expect(finished.stderr).toContain('DRAY_TIMEOUT');
  });
});

describe('an image that cannot be had is named, and the others are not lost', () => {
  async function expectFailure(reference: string, code: string, ...more: readonly string[]): Promise<string> {
    const finished = await prepull(good.reference, reference, ...more);
    await expectOnlyGood(finished);
    const failed = reportOf('prepull', finished).images.find((image) => image.reference === reference);
    expect(failed?.error?.code).toBe(code);
    expect(finished.stderr).toContain(reference);
    return failed?.error?.message ?? '';
  }

  test('an unknown tag', async () => {
    await expectFailure(`${registry.host}/team/good:unknown`, 'REGISTRY_NOT_FOUND');
  });

  test('a registry that is down', async () => {
    await expectFailure('127.0.0.1:1/team/app:1', 'REGISTRY_UNREACHABLE');
  });

  test('credentials that are missing', async () => {
    const locked = await startFaultyRegistry({
      auth: { kind: 'basic', username: 'u', password: 'secret' },
    });
    await expectFailure(`${locked.host}/team/app:1`, 'REGISTRY_UNAUTHORIZED');
    await locked.close();
  });

  test.each<[string, Fault['effect'], string]>([
    ['lies about a digest', { kind: 'corrupt' }, 'DIGEST_MISMATCH'],
    ['truncates a layer', { kind: 'truncate', bytes: 1_000 }, 'SIZE_MISMATCH'],
    ['sends extra bytes', { kind: 'extra', bytes: 10 }, 'SIZE_MISMATCH'],
  ])('a registry that %s', async (_, effect, code) => {
    const bad = await serveImage(registry, 'team/bad:1', {
      layers: [[{ path: 'bad', content: { seed: 'bad', sizeBytes: 50_000 } }]],
    });
    registry.inject({ kind: 'blob', path: new RegExp(layerOf(bad, 0).digest), effect });
    await expectFailure(bad.reference, code);
  });

  test.each<[string, object | Uint8Array, string, string]>([
    [
      'a manifest over 4 MiB',
      Buffer.alloc(4 * 1024 * 1024 + 1, ' '),
      mediaTypes.ociManifest,
      'MANIFEST_TOO_LARGE',
    ],
    [
      'an unknown media type',
      { schemaVersion: 2 },
      'application/vnd.example.thing+json',
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    [
      'a schema 1 manifest',
      { schemaVersion: 1, name: 'a', fsLayers: [] },
      mediaTypes.dockerSchema1Signed,
      'SCHEMA1_UNSUPPORTED',
    ],
  ])('%s', async (_, manifest, mediaType, code) => {
    registry.addManifest('team/odd', ['1'], manifest, mediaType);
    await expectFailure(`${registry.host}/team/odd:1`, code);
  });

  test('a platform that an index lacks, with those it has', async () => {
    const manifests = [
      {
        platform: { os: 'linux', architecture: 's390x' },
        mediaType: good.manifest.mediaType,
        digest: good.manifest.digest,
        size: good.manifest.bytes.length,
      },
    ];
    registry.addManifest(
      'team/mainframe',
      ['1'],
      { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests },
      mediaTypes.ociIndex,
    );
    const message = await expectFailure(
      `${registry.host}/team/mainframe:1`,
      'PLATFORM_NOT_FOUND',
      '--platform',
      'linux/amd64',
    );
    expect(message).toContain('linux/s390x');
  });

  test('an optional one that does not exist is skipped without a fuss', async () => {
    const finished = await prepull(good.reference, '--optional', `${registry.host}/team/good:unknown`);
    expect(finished.exitCode).toBe(0);
    expect(reportOf('prepull', finished)).toMatchObject({ outcome: 'ready' });
  });
});

const [variant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;

describeWith({ engine: variant }, 'a disk that is full', () => {
  test('is reported with its place, and complete images stay', async () => {
    await mkdir(bundle);
    await runOrThrow('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', bundle]);
    const large = await serveImage(registry, 'team/large:1', {
      layers: [[{ path: 'large', content: { seed: 'large', sizeBytes: 16_000_000, randomShare: 1 } }]],
    });
    // Who writes while the disk is full fails, too: what must stay is what was there before.
    expect((await prepull(good.reference)).exitCode).toBe(0);
    const finished = await prepull(good.reference, large.reference);
    expect(finished.exitCode).toBe(3);
    expect(await drayJson('verify', [bundle])).toMatchObject({ ok: true, images: 1 });
    const failed = reportOf('prepull', finished).images.find(
      ({ reference }) => reference === large.reference,
    );
    expect(failed?.error?.code).toBe('DISK_FULL');
    expect(failed?.error?.message).toContain(bundle);
  });
});

describeWith({ engine: variant }, 'a bundle that cannot be used', () => {
  /** A load that must not harm the job, and says what is wrong with the bundle. */
  async function expectMiss(code: string): Promise<void> {
    const engine = await startEngine(variant);
    try {
      const args = ['load', '--bundle', bundle, '--settled', '--json'];
      const finished = await dray(args, { host: engine.host });
      const report = reportOf('load', finished);
      expect(finished.exitCode).toBe(0);
      expect(report.outcome).toBe('miss');
      expect([report.error?.code, report.images[0]?.error?.code]).toContain(code);
      expect((await dray([...args, '--strict'], { host: engine.host })).exitCode).toBe(3);
      expect((await engine.docker(['image', 'ls', '--quiet'])).stdout).toBe('');
    } finally {
      await engine.stop();
    }
  }

  beforeEach(async () => {
    await drayJson('prepull', [good.reference, '--bundle', bundle]);
  });

  const blobPath = (digest: string): string => join(bundle, 'blobs', digest.replace(':', '/'));

  test('of a newer version', async () => {
    const path = join(bundle, 'index.json');
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replace('"dev.drayage.bundle.version": "1"', '"dev.drayage.bundle.version": "2"'),
    );
    await expectMiss('BUNDLE_VERSION_UNSUPPORTED');
  });

  test('of another layout version', async () => {
    await writeFile(join(bundle, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
    await expectMiss('BUNDLE_VERSION_UNSUPPORTED');
  });

  test('with a corrupted layer', async () => {
    const path = blobPath(layerOf(good, 0).digest);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    writeFileSync(path, bytes);
    await expectMiss('DIGEST_MISMATCH');
    const verified = await dray(['bundle', 'verify', bundle, '--json']);
    expect(verified.exitCode).toBe(3);
    expect(reportOf('verify', verified).problems).toMatchObject([
      { code: 'DIGEST_MISMATCH', digest: layerOf(good, 0).digest },
    ]);
  });

  test('with a layer cut short', async () => {
    truncateSync(blobPath(layerOf(good, 0).digest), 1_000);
    await expectMiss('SIZE_MISMATCH');
  });

  test('with a link for a blob', async () => {
    const path = blobPath(layerOf(good, 0).digest);
    await rename(path, join(folder, 'elsewhere'));
    symlinkSync(join(folder, 'elsewhere'), path);
    await expectMiss('BUNDLE_UNSAFE');
  });

  test('with a digest that leads out of it', async () => {
    const path = join(bundle, 'index.json');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replaceAll(good.manifest.digest, `sha256:../../../${'a'.repeat(40)}`));
    await expectMiss('BUNDLE_INVALID');
  });
});

describe('an engine that cannot be used', () => {
  async function expectEngineMiss(host: string, code: string): Promise<void> {
    await drayJson('prepull', [good.reference, '--bundle', bundle]);
    const finished = await dray(['load', '--bundle', bundle, '--json'], { host });
    expect(finished.exitCode).toBe(0);
    expect(reportOf('load', finished)).toMatchObject({ outcome: 'miss', error: { code } });
    expect((await dray(['load', '--bundle', bundle, '--strict'], { host })).exitCode).toBe(3);
  }

  test('because no server answers', async () => {
    await expectEngineMiss(`unix://${folder}/none.sock`, 'ENGINE_UNREACHABLE');
  });

  test('because it is too old', async () => {
    const server = createServer((_, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(
        JSON.stringify({
          Version: '19.03.15',
          ApiVersion: '1.40',
          MinAPIVersion: '1.12',
          Os: 'linux',
          Arch: 'amd64',
        }),
      );
    });
    const socket = join(folder, 'old.sock');
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    await expectEngineMiss(`unix://${socket}`, 'ENGINE_TOO_OLD');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
