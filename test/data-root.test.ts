import {
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  closeSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { availableEngines } from './support/engine-programs.ts';
import type { EngineVariant } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { mountTmpfs } from './support/mounts.ts';
import {
  errorCodeIn,
  expectNothingOf,
  killAll,
  makeDataRoot,
  prepullPacks,
  processesOf,
  type PrivateDataRoot,
} from './support/private-engine.ts';
import { listProcesses } from './support/process-table.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

const megabyte = 1024 * 1024;
const variant: EngineVariant = {
  name: availableEngines().includes('path') ? 'path' : '20.10',
  imageStore: 'classic',
};
const programs = ['mksquashfs', 'flock', 'unshare', 'mkfs.ext4'];

describeWith({ engine: variant, registry: true, programs }, 'the data-root of a private engine', () => {
  let registry: TestRegistry;
  let app: PushedImage;
  let root: PrivateDataRoot;
  let bundle: string;

  beforeAll(async () => {
    registry = await startRegistry();
    app = await pushImage(registry, 'team/app:1', {
      layers: [busyboxLayer(), [{ path: 'version', content: 'one' }]],
      config: { Cmd: ['cat', '/version'] },
    });
  });

  afterAll(() => registry.stop());

  beforeEach(async () => {
    root = await makeDataRoot(variant);
    bundle = makeFolder();
    await mountTmpfs(bundle);
    await prepullPacks(bundle, app.reference);
  });

  afterEach(async () => {
    await root.remove();
    await expectNothingOf(root);
    await removeFolder(bundle);
  });

  const runImage = (...args: readonly string[]): Promise<string> =>
    root.docker('run', '--rm', '--network', 'none', app.reference, ...args);
  const startError = async (...args: readonly string[]): Promise<unknown> =>
    errorCodeIn(await root.engine('start', [...args, '--json']));

  test('of an engine that is not ours is refused, and not touched', async () => {
    mkdirSync(join(root.path, 'overlay2'), { recursive: true });
    expect(await startError()).toBe('DATA_ROOT_INCOMPATIBLE');
    expect(readdirSync(root.path)).toEqual(['overlay2']);
  });

  test('is refused with another storage backend or image store, and still works unchanged', async () => {
    await root.json('start', ['--bundle', bundle]);
    await root.docker('tag', app.reference, 'kept:1');
    await root.json('stop');
    const before = readFileSync(join(root.path, '.drayage/state.json'), 'utf8');
    expect(await startError('--storage', 'loop-ext4')).toBe('DATA_ROOT_INCOMPATIBLE');
    expect(await startError('--image-store', 'containerd')).not.toBeUndefined();
    expect(readFileSync(join(root.path, '.drayage/state.json'), 'utf8')).toBe(before);
    await root.json('start');
    expect(await root.docker('images', '--quiet', 'kept:1')).not.toBe('');
  });

  test('is not started with a pack of which one byte was flipped; nor is it started again with one', async () => {
    await root.json('start', ['--bundle', bundle]);
    await root.json('stop');
    flipByte(largestBlob(bundle));
    expect(await startError('--bundle', '/nonexistent')).toBe('DIGEST_MISMATCH');
    await root.json('stop', ['--purge']);
    expect(await startError('--bundle', bundle)).toBe('DIGEST_MISMATCH');
  });

  test('reports a missing pack, and starts without it once no image needs it', async () => {
    await root.json('start', ['--bundle', bundle]);
    await root.json('stop');
    await removeFolder(bundle);
    const refused = await root.engine('start', ['--bundle', '/nonexistent', '--json']);
    expect(errorCodeIn(refused)).toBe('DATA_ROOT_INCOMPATIBLE');
    bundle = makeFolder();
    await mountTmpfs(bundle);
    await prepullPacks(bundle, app.reference);
    await root.json('start', ['--bundle', bundle]);
    expect(await runImage()).toBe('one');
    await root.docker('rmi', app.reference);
    await root.json('stop');
    await removeFolder(bundle);
    await root.json('start', ['--bundle', '/nonexistent']);
  });

  test('in an ext4 file gives freed space back, and mounts packs as well', async () => {
    const started = await root.json('start', [
      '--bundle',
      bundle,
      '--storage',
      'loop-ext4',
      '--storage-size',
      '1GB',
    ]);
    expect(started.images).toMatchObject([{ delivery: 'mount' }]);
    const disk = readdirSync(join(root.path, '.drayage')).find((name) => name.startsWith('disk-'));
    if (disk === undefined) throw new Error('the data-root has no disk');
    const used = (): number => statSync(join(root.path, '.drayage', disk)).blocks * 512;
    const empty = used();
    await root.docker(
      'run',
      '--name',
      'big',
      '--network',
      'none',
      app.reference,
      'sh',
      '-c',
      'yes | head -c 200000000 >/big; sync',
    );
    await waitUntil(() => used() > empty + 150 * megabyte, 'the file has grown');
    await root.docker('rm', 'big');
    await waitUntil(() => used() < empty + 50 * megabyte, 'the file has shrunk');
  });

  test('has its containers ended, also those that outlived their engine', async () => {
    await root.json('start', ['--bundle', bundle]);
    await root.docker('run', '--detach', '--network', 'none', app.reference, 'sleep', '471147');
    const sleepers = (): number[] =>
      listProcesses().flatMap(({ pid, commandLine }) => (commandLine === 'sleep 471147' ? [pid] : []));
    await waitUntil(() => sleepers().length === 1, 'the container sleeps');
    await killAll(processesOf(root.owner()));
    expect(sleepers()).toHaveLength(1);
    await root.json('start');
    expect(sleepers()).toEqual([]);
    await root.docker('run', '--detach', '--network', 'none', app.reference, 'sleep', '471147');
    await waitUntil(() => sleepers().length === 1, 'the next container sleeps');
    await root.json('stop');
    expect(sleepers()).toEqual([]);
  });

  test('has its own network on request, which is removed with the engine', async () => {
    await root.json('start', ['--bundle', bundle, '--bridge', 'dray77']);
    const networkId = await root.docker('network', 'create', 'mine');
    const routes = await root.docker(
      'run',
      '--rm',
      '--network',
      'mine',
      app.reference,
      'cat',
      '/proc/net/route',
    );
    expect(routes).toContain('eth0');
    expect(readdirSync('/sys/class/net')).toContain(`br-${networkId.trim().slice(0, 12)}`);
    await root.json('stop');
    const bridges = ['dray77', `br-${networkId.trim().slice(0, 12)}`];
    expect(readdirSync('/sys/class/net').filter((name) => bridges.includes(name))).toEqual([]);
  });

  test('is added to the variables file of the CI system', async () => {
    const file = join(root.path, '..', 'build.env');
    writeFileSync(file, 'A=1\n');
    const { dockerHost } = await root.json('start', ['--export', file]);
    expect(readFileSync(file, 'utf8')).toBe(`A=1\nDOCKER_HOST=${String(dockerHost)}\n`);
  });
});

function largestBlob(bundle: string): string {
  const folder = join(bundle, 'blobs/sha256');
  const files = readdirSync(folder).map((name) => join(folder, name));
  return files.toSorted((a, b) => statSync(b).size - statSync(a).size)[0] ?? '';
}

function flipByte(file: string): void {
  const byte = readFileSync(file)[100_000] ?? 0;
  const handle = openSync(file, 'r+');
  writeSync(handle, Uint8Array.of(byte ^ 1), 0, 1, 100_000);
  closeSync(handle);
}
