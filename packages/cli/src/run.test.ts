import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf } from '@drayage/core';
import { randomImage, temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';
import type { Host } from './host.ts';
import { run } from './run.ts';

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The number after the first occurrence of a key in some JSON. */
function firstNumber(json: string, key: string): number {
  return Number(new RegExp(`"${key}":(\\d+)`).exec(json)?.[1]);
}

describe('a command', () => {
  let directory: TemporaryDirectory;
  let registry: FaultyRegistry;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    registry = await startFaultyRegistry();
  });

  afterEach(async () => {
    await registry.close();
    await directory.remove();
  });

  async function dray(argv: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    const written = { stdout: '', stderr: '' };
    const sinkOf = (stream: 'stdout' | 'stderr'): Host['stdout'] => ({
      isTerminal: false,
      write(text) {
        written[stream] += text;
      },
    });
    const surroundings = { cwd: directory.path, homeDir: directory.path, version: '1.2.3' };
    const noEngine = { DOCKER_HOST: `unix://${join(directory.path, 'no.sock')}` };
    const streams = { stdout: sinkOf('stdout'), stderr: sinkOf('stderr') };
    const exitCode = await run(
      { argv, env: { ...noEngine, ...env }, ...surroundings, ...streams },
      new AbortController().signal,
    );
    return { exitCode, ...written };
  }

  function addImage(repository: string, tag: string, seed = 1): string {
    const image = randomImage({ seed });
    for (const [digest, bytes] of image.blobs) {
      if (digest !== image.target.digest) registry.addBlob(bytes);
    }
    const manifest = image.blobs.get(image.target.digest) ?? new Uint8Array();
    registry.addManifest(repository, [tag], manifest, image.target.mediaType);
    return `${registry.host}/${repository}:${tag}`;
  }

  function bundle(): string {
    return join(directory.path, 'bundle');
  }

  test('pre-pulls images into a bundle that verifies', async () => {
    const image = addImage('app', '1');
    const ended = await dray(['prepull', image, '--bundle', bundle(), '--json']);
    expect(ended.exitCode).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      outcome: 'ready',
      images: [{ reference: image, state: 'ready' }],
    });
    expect(ended.stderr).toContain(`${image}  layer `);
    const verified = await dray(['bundle', 'verify', bundle(), '--json']);
    expect([verified.exitCode, JSON.parse(verified.stdout)]).toMatchObject([0, { ok: true, images: 1 }]);
    const inspected = await dray(['bundle', 'inspect', bundle()]);
    expect(inspected.stdout).toContain(image);
    const collected = await dray(['bundle', 'gc', bundle(), '--json']);
    expect(JSON.parse(collected.stdout)).toMatchObject({ removed: [], bytesFreed: 0 });
  });

  test('takes its images from the configuration and skips an optional one that is not there', async () => {
    const image = addImage('app', '1');
    await writeFile(
      join(directory.path, '.dray.yml'),
      `images: [${image}]\noptional: ${registry.host}/app:none\n`,
    );
    const ended = await dray(['prepull', '--bundle', bundle(), '--json']);
    expect(ended.exitCode).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ images: [{ state: 'ready' }, { state: 'skipped' }] });
  });

  test('ends with 3 when a required image is missing, and keeps the others', async () => {
    const image = addImage('app', '1');
    const ended = await dray(['prepull', image, `${registry.host}/app:none`, '--bundle', bundle(), '--json']);
    expect(ended.exitCode).toBe(3);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      outcome: 'partial',
      images: [{ state: 'ready' }, { state: 'failed', error: { code: 'REGISTRY_NOT_FOUND' } }],
    });
    expect(ended.stderr).toContain(`${registry.host}/app:none`);
  });

  test('hands over, and waits at the handover location', async () => {
    const image = addImage('app', '1');
    const handover = join(directory.path, 'meeting');
    await dray(['prepull', image, '--bundle', bundle(), '--handover', handover]);
    const waited = await dray([
      'wait',
      '--bundle',
      join(directory.path, 'other'),
      '--handover',
      `file://${handover}`,
      '--json',
    ]);
    expect([waited.exitCode, JSON.parse(waited.stdout)]).toMatchObject([
      0,
      { outcome: 'ready', images: [{ reference: image }] },
    ]);
    const inspected = await dray(['bundle', 'inspect', handover, '--json']);
    expect(JSON.parse(inspected.stdout)).toMatchObject({ images: [{ complete: true }] });
  });

  test('ends with 3 if no pre-pull begins', async () => {
    const ended = await dray(['wait', '--bundle', bundle(), '--grace', '0', '--json']);
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([3, { outcome: 'not-coming' }]);
  });

  test('plans without fetching a layer, without an engine and without writing anything', async () => {
    const image = addImage('app', '1');
    const ended = await dray(['plan', image, '--bundle', bundle(), '--json']);
    expect(ended.exitCode).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      images: [{ reference: image, state: 'found', layers: 2, bytesInBundle: 0 }],
      engineError: { code: 'ENGINE_UNREACHABLE' },
    });
    const bytes = firstNumber(ended.stdout, 'bytes');
    expect(firstNumber(ended.stdout, 'bytesToFetch')).toBe(bytes);
    await expect(readFile(join(bundle(), 'oci-layout'))).rejects.toMatchObject({ code: 'ENOENT' });
    await dray(['prepull', image, '--bundle', bundle()]);
    const again = await dray(['plan', image, '--bundle', bundle(), '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ bytesToFetch: 0, bytesInBundle: bytes });
    const text = await dray(['plan', image, '--bundle', bundle()]);
    expect(text.stdout).toContain(image);
  });

  test('plans with 3 when a required image cannot be resolved', async () => {
    const ended = await dray(['plan', `${registry.host}/app:none`, '--json']);
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([3, { images: [{ state: 'failed' }] }]);
  });

  test('loads nothing and fails nothing when there is no engine', async () => {
    const lenient = await dray(['load', '--bundle', bundle(), '--json']);
    expect([lenient.exitCode, JSON.parse(lenient.stdout)]).toMatchObject([
      0,
      { outcome: 'miss', error: { code: 'ENGINE_UNREACHABLE' } },
    ]);
    expect((await dray(['load', '--bundle', bundle(), '--strict'])).exitCode).toBe(3);
    expect((await dray(['load', '--bundle', bundle(), '--on-miss', 'fail'])).exitCode).toBe(3);
    const wrong = await dray(['load', '--bundle', bundle(), '--json'], {
      DOCKER_HOST: 'ssh://ci:word@somewhere',
    });
    expect([wrong.exitCode, JSON.parse(wrong.stdout)]).toMatchObject([
      0,
      { error: { code: 'ENGINE_CONFIG_INVALID' } },
    ]);
  });

  test('finds a damaged blob and ends with 3', async () => {
    const image = addImage('app', '1');
    const { stdout } = await dray(['prepull', image, '--bundle', bundle(), '--json']);
    const config = /"configDigest":"sha256:([0-9a-f]{64})"/.exec(stdout)?.[1] ?? '';
    await writeFile(join(bundle(), 'blobs', 'sha256', config), 'damaged');
    const verified = await dray(['bundle', 'verify', bundle()]);
    expect(verified.exitCode).toBe(3);
    expect(verified.stdout).toContain(config);
  });

  test.each([
    [['prepull'], 'USAGE'],
    [['prepull', 'Redis'], 'REFERENCE_INVALID'],
    [['prepull', 'redis', '--platform', 'x'], 'PLATFORM_INVALID'],
    [['prepull', 'redis', '--handover', 'ftp://user:geheim@bucket/x'], 'TRANSPORT_UNSUPPORTED'],
    [['prepull', 'redis', '--ca-file', 'none.pem'], 'CONFIG_INVALID'],
    [['load', '--config', 'none.yml'], 'CONFIG_INVALID'],
    [['load', '--timeout', 'soon'], 'USAGE'],
    [['lod'], 'USAGE'],
    [['completion', 'tcsh'], 'USAGE'],
  ])('refuses wrong usage with 2 and a JSON object: %j', async (argv, code) => {
    const ended = await dray([...argv, '--json']);
    expect([ended.exitCode, JSON.parse(ended.stdout)]).toMatchObject([2, { error: { code } }]);
    expect(ended.stderr).toMatch(/^dray: /);
    expect(ended.stderr + ended.stdout).not.toContain('geheim');
  });

  test('warns about an unknown variable', async () => {
    const ended = await dray(['wait', '--bundle', bundle(), '--grace', '0'], { DRAY_TIMEOT: '1m' });
    expect(ended.stderr).toContain('DRAY_TIMEOUT');
  });

  test('prints no password of a docker configuration, however it fails', async () => {
    const secret = 'planted-9f8e7d6c';
    const auth = Buffer.from(`user:${secret}`).toString('base64');
    await mkdir(join(directory.path, '.docker'));
    await writeFile(
      join(directory.path, '.docker', 'config.json'),
      JSON.stringify({ auths: { [registry.host]: { auth } } }),
    );
    await registry.close();
    const ended = await dray([
      'prepull',
      `${registry.host}/app:1`,
      '--bundle',
      bundle(),
      '--json',
      '--verbose',
    ]);
    expect(ended.exitCode).toBe(3);
    for (const planted of [secret, auth]) expect(ended.stdout + ended.stderr).not.toContain(planted);
  });

  test('says with --verbose where settings come from, not what they are', async () => {
    const secret = digestOf('secret').slice(7, 30);
    const ended = await dray(['wait', '--grace', '0', '--verbose'], {
      DRAY_HANDOVER: `s3://me:${secret}@bucket`,
    });
    expect(ended.stderr).toContain('DRAY_HANDOVER');
    expect(ended.stderr).not.toContain(secret);
  });
});
