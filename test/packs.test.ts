import { readdirSync, existsSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { isObject } from '@drayage/core';
import type { DeliveryReport } from '@drayage/core';

import { isBlobDownload } from './support/access-log.ts';
import { dray, drayJson, drayProgram, startDray } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, layerOf, pushImage, type LayerEntry, type PushedImage } from './support/images.ts';
import { run } from './support/processes.ts';
import { listProcesses } from './support/process-table.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

const base = busyboxLayer();
const library: readonly LayerEntry[] = [
  { path: 'lib/data', content: { seed: 'library', sizeBytes: 40_000_000 } },
];
const tools = ['mksquashfs', 'unsquashfs'];

function version(text: string): readonly LayerEntry[] {
  return [{ path: 'version', content: text }];
}

describeWith({ registry: true, programs: tools }, 'a pre-pull that makes packs', () => {
  let registry: TestRegistry;
  let bundle: string;
  let app: PushedImage;
  let next: PushedImage;

  beforeAll(async () => {
    registry = await startRegistry();
    const config = { Cmd: ['cat', '/version'] };
    app = await pushImage(registry, 'team/app:1', { layers: [base, library, version('one')], config });
    next = await pushImage(registry, 'team/app:2', { layers: [base, library, version('two')], config });
  });

  afterAll(() => registry.stop());

  beforeEach(() => {
    bundle = makeFolder();
  });

  afterEach(() => removeFolder(bundle));

  const pack = (...args: string[]): ReturnType<typeof drayJson<'prepull'>> =>
    drayJson('prepull', ['--form', 'packs', '--bundle', bundle, ...args]);
  const packs = async (): Promise<readonly { digest: string; layers: number }[]> =>
    (await drayJson('inspect', ['--bundle', bundle])).packs;

  test('leaves a bundle without layers that verifies and collects no garbage', async () => {
    expect(await pack(app.reference)).toMatchObject({ outcome: 'ready' });
    expect(await drayJson('verify', ['--bundle', bundle])).toMatchObject({ ok: true, images: 1 });
    expect(await drayJson('gc', ['--bundle', bundle])).toMatchObject({ removed: [] });
    for (const layer of app.layers) expect(existsSync(blobFile(bundle, layer.digest))).toBe(false);
    expect(await packs()).toMatchObject([{ layers: 3 }]);
  });

  test('gives the same pack for the same layers, whatever the order of the images', async () => {
    await pack(app.reference, next.reference);
    const [first] = await packs();
    const other = makeFolder();
    try {
      await drayJson('prepull', [
        ...['--form', 'packs', '--bundle', other],
        ...[next.reference, app.reference],
      ]);
      const inspection = await drayJson('inspect', ['--bundle', other]);
      expect(inspection.packs.map(({ digest }) => digest)).toEqual([first?.digest]);
    } finally {
      await removeFolder(other);
    }
  });

  test('packs and fetches only what an earlier run did not, and repacks everything on request', async () => {
    await pack(app.reference);
    const requests = await registry.requestsDuring(() => pack(next.reference));
    // The config and the one layer that is new.
    expect(requests.filter(isBlobDownload)).toHaveLength(2);
    expect((await packs()).map(({ layers }) => layers)).toEqual([3, 1]);
    await pack(app.reference, next.reference, '--repack');
    expect((await packs()).map(({ layers }) => layers)).toEqual([4]);
    expect(await drayJson('verify', ['--bundle', bundle])).toMatchObject({ ok: true, images: 2 });
  });

  test('leaves no process and no file when it is killed, and works the next time', async () => {
    const killed = startDray(['prepull', app.reference, '--form', 'packs', '--bundle', bundle]);
    await waitUntil(() => writersOf(bundle).length > 0, 'the pack is being written');
    await killed.kill('SIGKILL');
    await waitUntil(() => writersOf(bundle).length === 0, 'the writer has ended');
    expect(await pack(app.reference)).toMatchObject({ outcome: 'ready' });
    expect(readdirSync(join(bundle, '.dray', 'ingest'))).toEqual([]);
    expect(await drayJson('verify', ['--bundle', bundle])).toMatchObject({ ok: true });
  });

  test('needs no root', async () => {
    await chown(bundle, 65534, 65534);
    const finished = await run('setpriv', [
      ...['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath],
      drayProgram,
      ...['prepull', app.reference, '--form', 'packs', '--bundle', bundle, '--json'],
    ]);
    expect(finished.exitCode).toBe(0);
    expect(await packs()).toMatchObject([{ layers: 3 }]);
  });

  test('keeps the layer, and says which entry is at fault, where a pack cannot hold it', async () => {
    const twice = [
      { path: 'same', content: 'one' },
      { path: 'same', content: 'two' },
    ];
    const odd = await pushImage(registry, 'team/odd:1', { layers: [base, twice] });
    const { exitCode, stderr } = await dray([
      ...['prepull', odd.reference],
      ...['--form', 'packs', '--bundle', bundle],
    ]);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('same');
    expect(existsSync(blobFile(bundle, layerOf(odd, 1).digest))).toBe(true);
    expect(await drayJson('verify', ['--bundle', bundle])).toMatchObject({ ok: true });
  });
});

for (const variant of engineVariants) {
  const title = `packs in place of layers, engine ${variant.name}, ${variant.imageStore} store`;
  describeWith({ engine: variant, registry: true, programs: tools }, title, () => {
    let registry: TestRegistry;
    let engine: TestEngine;
    let bundle: string;
    let app: PushedImage;

    beforeAll(async () => {
      registry = await startRegistry();
      engine = await startEngine(variant);
      app = await pushImage(registry, 'team/app:1', {
        layers: [base, library, version('one')],
        config: { Cmd: ['cat', '/version'] },
      });
      bundle = makeFolder();
      await drayJson('prepull', [app.reference, '--form', 'packs', '--bundle', bundle]);
    });

    afterAll(async () => {
      await removeFolder(bundle);
      await engine.stop();
      await registry.stop();
    });

    afterEach(() => engine.docker(['system', 'prune', '--all', '--force']));

    const load = (...more: string[]): Promise<DeliveryReport> =>
      drayJson('load', ['--bundle', bundle, '--delivery', 'load', ...more], { host: engine.host });
    const runApp = async (): Promise<string> =>
      (await engine.docker(['run', '--rm', '--network', 'none', app.reference])).stdout;

    test('are rebuilt into layers where nothing is mounted', async () => {
      const requests = await registry.requestsDuring(async () => {
        expect(await load('--strict')).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
      });
      expect(requests).toEqual([]);
      expect(await runApp()).toBe('one');
      expect(readdirSync(join(bundle, '.dray', 'work'))).toEqual([]);
    });

    test('are turned back into layers that load without any tool', async () => {
      const unpacked = await dray(['bundle', 'unpack', bundle, '--json']);
      const report: unknown = JSON.parse(unpacked.stdout);
      expect(isObject(report) && report['layers']).toBe(3);
      const loaded = await dray(['load', '--bundle', bundle, '--delivery', 'load', '--strict'], {
        host: engine.host,
        env: { PATH: '/nonexistent' },
      });
      expect(loaded.exitCode).toBe(0);
      expect(await runApp()).toBe('one');
    });
  });
}

function blobFile(dir: string, digest: string): string {
  return join(dir, 'blobs', 'sha256', digest.slice('sha256:'.length));
}

function writersOf(dir: string): readonly number[] {
  return listProcesses()
    .filter(({ commandLine }) => commandLine.startsWith('mksquashfs') && commandLine.includes(dir))
    .map(({ pid }) => pid);
}
