import { rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { chmod, cp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { hexOf } from '@drayage/core';
import type { DeliveryReport } from '@drayage/core';
import { sweepLiveMounts } from '@drayage/mount/testing';

import { makeBridge, type TestBridge } from './support/bridge.ts';
import { dray, drayJson, reportOf } from './support/dray.ts';
import { engineInFolder, type EngineInFolder } from './support/engine-process.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { forgePack, packOf } from './support/forge-in-place.ts';
import { busyboxLayer, pushImage, type PushedImage } from './support/images.ts';
import { liveRequest } from './support/live.ts';
import { mountTmpfs } from './support/mounts.ts';
import { erofsPrograms } from './support/packs.ts';
import { runOrThrow, type Finished } from './support/processes.ts';
import { startRegistry, type TestRegistry } from './support/registry.ts';
import { describeWith } from './support/requirements.ts';

const minute = 60_000;
const variant = { name: '28.5', imageStore: 'containerd' } as const;
const needs = { engine: variant, registry: true, programs: ['mksquashfs', 'unsquashfs'], root: true };

describeWith(needs, 'a pack that holds something else than its layers', () => {
  let registry: TestRegistry;
  let bridge: TestBridge;
  let folder: string;
  let engine: EngineInFolder;
  let end: () => Promise<void>;
  /** As it was made: packs and layers. */
  let honest: string;
  let bundle: string;
  let app: PushedImage;

  beforeAll(async () => {
    registry = await startRegistry();
    bridge = await makeBridge();
    folder = makeFolder();
    await mountTmpfs(folder);
    const layers = [busyboxLayer(), [{ path: 'version', content: 'one' }]];
    app = await pushImage(registry, 'team/app:1', { layers, config: { Cmd: ['cat', '/version'] } });
    honest = makeFolder();
    await drayJson('prepull', ['--form', 'both', '--bundle', honest, app.reference]);
    ({ engine, end } = await engineInFolder(folder, { ...variant, bridge: bridge.name }));
  }, 3 * minute);

  afterAll(async () => {
    await end();
    await removeFolder(folder);
    await removeFolder(honest);
    await bridge.remove();
    await registry.stop();
  }, minute);

  beforeEach(async () => {
    bundle = makeFolder();
    await cp(honest, bundle, { recursive: true });
  });

  afterEach(async () => {
    await engine.docker(['system', 'prune', '--all', '--force']);
    await sweepLiveMounts(await liveRequest(engine, honest));
    await removeFolder(bundle);
  }, minute);

  const versionLayer = async (tree: string): Promise<string> => {
    const { layers } = await packOf(bundle);
    const found = layers
      .map(({ diffId }) => join(tree, hexOf(diffId)))
      .find((top) => statSync(join(top, 'version'), { throwIfNoEntry: false }) !== undefined);
    if (found === undefined) throw new Error('no layer has the file');
    return found;
  };
  const otherContent = async (tree: string): Promise<void> =>
    writeFileSync(join(await versionLayer(tree), 'version'), 'EVL');
  const runImage = async (): Promise<string> =>
    (await engine.docker(['run', '--rm', '--network', 'none', app.reference])).stdout.trim();
  const load = async (
    ...args: string[]
  ): Promise<{ report: DeliveryReport; stderr: string; exitCode: number }> => {
    const finished = await dray(['load', '--settled', '--bundle', bundle, '--json', ...args], {
      host: engine.host,
    });
    return { report: reportOf('load', finished), stderr: finished.stderr, exitCode: finished.exitCode ?? -1 };
  };

  test(
    'is not found by its digests, and runs',
    async () => {
      await forgePack(bundle, otherContent);
      expect(await drayJson('verify', ['--bundle', bundle])).toMatchObject({ ok: true, problems: [] });
      expect((await load()).report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'mount' }] });
      expect(await runImage()).toBe('EVL');
    },
    2 * minute,
  );

  test(
    'is found by a deep verification, with pack, layer and reason',
    async () => {
      expect(await drayJson('verify', ['--bundle', bundle, '--deep'])).toMatchObject({
        ok: true,
        deepLayers: 2,
      });
      await forgePack(bundle, otherContent);
      const { manifest } = await packOf(bundle);
      const finished = await dray(['bundle', 'verify', '--deep', '--bundle', bundle, '--json']);
      expect(finished.exitCode).toBe(3);
      expect(reportOf('verify', finished)).toMatchObject({
        ok: false,
        problems: [
          {
            code: 'PACK_INVALID',
            digest: manifest.digest,
            message: expect.stringContaining('different content'),
          },
        ],
      });
    },
    2 * minute,
  );

  test(
    'is not mounted after a deep verification: its layers are loaded, and that is said',
    async () => {
      await forgePack(bundle, otherContent);
      const { manifest } = await packOf(bundle);
      const { report, stderr, exitCode } = await load('--verify', 'deep', '--strict');
      expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
      expect(stderr).toContain(`cannot use pack ${manifest.digest}`);
      expect(exitCode).toBe(0);
      expect(await runImage()).toBe('one');
    },
    2 * minute,
  );

  test(
    'is not even loaded from, where there are no layers: strict fails, and the engine may pull',
    async () => {
      await removeFolder(bundle);
      bundle = makeFolder();
      await drayJson('prepull', ['--form', 'packs', '--bundle', bundle, app.reference]);
      await forgePack(bundle, otherContent);
      const refused = await load('--verify', 'deep', '--strict');
      expect(refused.report).toMatchObject({ outcome: 'miss', images: [{ delivery: 'none' }] });
      expect(refused.exitCode).toBe(3);
      const pulled = await load(
        '--verify',
        'deep',
        '--on-miss',
        'pull',
        '--insecure-registry',
        registry.host,
      );
      expect(pulled.report).toMatchObject({ images: [{ delivery: 'pull' }] });
      expect(await runImage()).toBe('one');
    },
    2 * minute,
  );

  const more: Readonly<Record<string, (top: string) => Promise<void>>> = {
    'one file more': async (top) => writeFileSync(join(top, 'preload'), 'evil'),
    'another mode': (top) => chmod(join(top, 'version'), 0o4777),
  };
  test.each(Object.entries(more))(
    'is refused with %s, too',
    async (_, change) => {
      await forgePack(bundle, async (tree) => change(await versionLayer(tree)));
      const { report, stderr } = await load('--verify', 'deep');
      expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'load' }] });
      expect(stderr).toContain('cannot use pack');
    },
    2 * minute,
  );

  test(
    'is mounted after a deep verification when it is what it says',
    async () => {
      const { report, stderr } = await load('--verify', 'deep');
      expect(report).toMatchObject({ outcome: 'hit', images: [{ delivery: 'mount' }] });
      expect(stderr).toContain('against their diffIds');
      expect(await runImage()).toBe('one');
    },
    2 * minute,
  );
});

const erofs = erofsPrograms();

describeWith({ registry: true, programs: ['setcap', 'touch'], root: true }, 'an EROFS pack', () => {
  if (erofs === undefined) {
    test('is not checked here: set-up has fetched no erofs-utils', () => {
      expect(erofs).toBeUndefined();
    });
    return;
  }
  const env = { PATH: `${dirname(erofs.mkfsErofs)}:${process.env['PATH'] ?? ''}` };
  let registry: TestRegistry;
  let honest: string;
  let bundle: string;

  beforeAll(async () => {
    registry = await startRegistry();
    honest = makeFolder();
    const layers = [
      busyboxLayer(),
      [
        { path: 'bin/tool', content: 'one', mode: 0o755 },
        { path: 'data', content: 'data' },
      ],
    ];
    const { reference } = await pushImage(registry, 'team/app:1', { layers });
    const args = ['--form', 'packs', '--pack-format', 'erofs', '--bundle', honest, reference];
    await drayJson('prepull', args, { env });
  }, minute);

  afterAll(async () => {
    await removeFolder(honest);
    await registry.stop();
  });

  beforeEach(async () => {
    bundle = makeFolder();
    await cp(honest, bundle, { recursive: true });
  });

  afterEach(() => removeFolder(bundle));

  const verify = (path: string): Promise<Finished> =>
    dray(['bundle', 'verify', '--deep', '--bundle', bundle, '--json'], { env: { PATH: path } });

  test('contains the layers that it names', async () => {
    expect(reportOf('verify', await verify(env.PATH))).toMatchObject({ ok: true, deepLayers: 2 });
    await forgePack(bundle, () => Promise.resolve());
    expect(reportOf('verify', await verify(env.PATH))).toMatchObject({ ok: true, deepLayers: 2 });
  });

  test('is not checked without a program for it, and the error says what to install', async () => {
    const finished = await verify('/nonexistent');
    expect(finished.exitCode).not.toBe(0);
    expect(finished.stdout).toContain('PACK_TOOL_MISSING');
    expect(finished.stderr).toContain('fsck.erofs');
    expect(finished.stderr).toContain('Install erofs-utils 1.8 or newer.');
  });

  const forgeries: Readonly<Record<string, readonly [(tool: string) => unknown, string]>> = {
    'another content': [(tool) => writeFileSync(tool, 'EVL'), 'different content'],
    'another mode': [(tool) => chmod(tool, 0o4755), 'different mode'],
    'another time by a nanosecond': [
      (tool) => runOrThrow('touch', ['-d', '1970-01-01 00:00:00.000000001Z', tool]),
      'different time',
    ],
    'a capability': [
      (tool) => runOrThrow('setcap', ['cap_net_raw+ep', tool]),
      'different security.capability',
    ],
    'a file more': [(tool) => writeFileSync(`${tool}-too`, 'evil'), 'is not in the layer'],
    'a file less': [(tool) => rmSync(join(tool, '../../data')), 'is missing'],
    'a link for a file': [
      (tool) => {
        rmSync(tool);
        symlinkSync('/etc/shadow', tool);
      },
      'is missing',
    ],
  };
  test.each(Object.entries(forgeries))('is refused with %s', async (_, [change, reason]) => {
    const { layers } = await packOf(bundle);
    await forgePack(bundle, async (tree) => {
      const tool = layers
        .map(({ diffId }) => join(tree, hexOf(diffId), 'bin/tool'))
        .find((file) => statSync(file, { throwIfNoEntry: false }) !== undefined);
      if (tool === undefined) throw new Error('no layer has the file');
      const { mtime } = statSync(dirname(tool));
      await change(tool);
      utimesSync(dirname(tool), mtime, mtime);
    });
    const finished = await verify(env.PATH);
    expect(finished.exitCode).toBe(3);
    expect(reportOf('verify', finished)).toMatchObject({
      problems: [{ code: 'PACK_INVALID', message: expect.stringContaining(reason) }],
    });
  });
});
