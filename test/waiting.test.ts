import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { parseStatus } from '@drayage/core/handover';
import type { StatusDocument } from '@drayage/core/handover';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';

import { dray, drayJson, reportOf, startDray } from './support/dray.ts';
import { engineVariants, startEngine, type TestEngine } from './support/engines.ts';
import { serveImage } from './support/faulty-images.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, layerOf } from './support/images.ts';
import type { Running } from './support/processes.ts';
import { describeWith } from './support/requirements.ts';
import { waitUntil } from './support/wait.ts';

const [variant = { name: 'path', imageStore: 'classic' } as const] = engineVariants;

describeWith({ engine: variant }, 'a deploy job that waits for its pre-pull', () => {
  let registry: FaultyRegistry;
  let engine: TestEngine;
  let bundle: string;
  let quick: string;
  let slow: string;
  let open: () => void;
  const running: Running[] = [];

  beforeAll(async () => {
    engine = await startEngine(variant);
  });

  afterAll(() => engine.stop());

  beforeEach(async () => {
    bundle = makeFolder();
    registry = await startFaultyRegistry();
    quick = (await serveImage(registry, 'team/quick:1', { layers: [busyboxLayer()] })).reference;
    const image = await serveImage(registry, 'team/slow:1', {
      layers: [busyboxLayer(), [{ path: 'slow', content: 'slow' }]],
    });
    slow = image.reference;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const path = new RegExp(layerOf(image, 1).digest);
    registry.inject({ kind: 'blob', path, effect: { kind: 'gate', afterBytes: 1, gate } });
    await engine.docker(['system', 'prune', '--all', '--force']);
  });

  afterEach(async () => {
    open();
    for (const child of running.splice(0)) await child.kill('SIGKILL');
    await registry.close();
    await removeFolder(bundle);
  });

  /** Starts a pre-pull that gets stuck in the slow image, once it says that it is at work. */
  async function startPrepull(...images: string[]): Promise<Running> {
    const child = startDray(['prepull', ...images, '--bundle', bundle]);
    running.push(child);
    await waitUntil(async () => (await readStatus())?.state === 'running', 'the pre-pull runs');
    return child;
  }

  function startLoad(...more: string[]): Running {
    const child = startDray(['load', '--bundle', bundle, '--json', ...more], { host: engine.host });
    running.push(child);
    return child;
  }

  async function readStatus(): Promise<StatusDocument | undefined> {
    const text = await readFile(join(bundle, 'dray-status.json'), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    return parseStatus(Buffer.from(text));
  }

  test('gets the images when the pre-pull is slow', async () => {
    await startPrepull(quick, slow);
    const load = startLoad();
    await load.waitFor(/quick/);
    open();
    const finished = await load.finished;
    expect(finished.exitCode).toBe(0);
    expect(reportOf('load', finished)).toMatchObject({
      outcome: 'hit',
      images: [{ delivery: 'load' }, { delivery: 'load' }],
    });
  });

  test('gets one image while the pre-pull still works on another', async () => {
    await startPrepull(quick, slow);
    const report = await drayJson('load', ['--bundle', bundle, '--only', quick], {
      host: engine.host,
    });
    expect(report).toMatchObject({ outcome: 'hit', images: [{ reference: quick, delivery: 'load' }] });
    expect((await readStatus())?.state).toBe('running');
  });

  test('goes on when the pre-pull fails, long before its lease is over', async () => {
    const prepull = await startPrepull(slow);
    const load = startLoad();
    await load.waitFor(/wait/i);
    registry.inject({ effect: { kind: 'status', status: 404 } });
    await registry.close();
    const failed = await prepull.finished;
    const finished = await load.finished;
    expect(failed.exitCode).toBe(3);
    expect(finished.exitCode).toBe(0);
    expect(reportOf('load', finished)).toMatchObject({
      outcome: 'miss',
      images: [{ reference: slow, delivery: 'none' }],
    });
    expect(reportOf('load', finished).reason).toMatch(/^failed: /);
  });

  test('goes on when the lease of a killed pre-pull is over', async () => {
    const prepull = await startPrepull(slow);
    const load = startLoad();
    await load.waitFor(/wait/i);
    await prepull.kill('SIGKILL');
    const finished = await load.finished;
    expect(finished.exitCode).toBe(0);
    expect(reportOf('load', finished).reason).toMatch(/^expired: /);
    expect((await readStatus())?.state).toBe('running');
  });

  test('goes on after the grace time when no pre-pull begins', async () => {
    const finished = await dray(['load', '--bundle', bundle, '--grace', '1s', '--json'], {
      host: engine.host,
      // Were it for this, the test would reach its own limit.
      env: { DRAY_GRACE: '1h', DRAY_TIMEOUT: '1h' },
    });
    expect(finished.exitCode).toBe(0);
    expect(reportOf('load', finished)).toMatchObject({ outcome: 'miss', images: [] });
    expect(reportOf('load', finished).reason).toMatch(/^absent: /);
    expect(reportOf('load', finished).waitedMs).toBeGreaterThanOrEqual(1_000);
  });

  test('waits no longer than its time limit, and fails only with strict', async () => {
    await startPrepull(slow);
    const args = ['load', '--bundle', bundle, '--timeout', '1s', '--json'];
    const lenient = await dray(args, { host: engine.host });
    expect(lenient.exitCode).toBe(0);
    expect(reportOf('load', lenient).reason).toMatch(/^timeout: /);
    expect((await dray([...args, '--strict'], { host: engine.host })).exitCode).toBe(4);
  });

  test('lets the engine pull what the pre-pull did not bring, when asked to', async () => {
    const args = ['--bundle', bundle, '--only', quick, '--on-miss', 'pull', '--grace', '0s'];
    const report = await drayJson('load', args, { host: engine.host });
    expect(report).toMatchObject({ outcome: 'miss', images: [{ reference: quick, delivery: 'pull' }] });
    await engine.docker(['image', 'inspect', quick]);
  });

  test('lets the engine pull the configured images if no pre-pull begins', async () => {
    await writeFile(join(bundle, '.dray.yml'), `images: [${quick}]\nonMiss: pull\ngrace: 0s\n`);
    const finished = await dray(['load', '--json'], { host: engine.host, cwd: bundle });
    expect(reportOf('load', finished)).toMatchObject({ outcome: 'miss', images: [{ delivery: 'pull' }] });
    expect(finished.exitCode).toBe(0);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('learns that the pre-pull was cancelled by %s', async (signal, exitCode) => {
    const prepull = await startPrepull(quick, slow);
    const load = startLoad();
    await load.waitFor(/quick/);
    expect((await prepull.kill(signal)).exitCode).toBe(exitCode);
    expect((await readStatus())?.state).toBe('cancelled');
    const finished = await load.finished;
    expect(finished.exitCode).toBe(0);
    expect(reportOf('load', finished)).toMatchObject({ outcome: 'partial' });
    expect(reportOf('load', finished).reason).toMatch(/^cancelled: /);
    expect((await dray(['bundle', 'verify', bundle])).exitCode).toBe(0);
  });

  test('waits for nothing when the copy is settled', async () => {
    const prepull = await startPrepull(quick, slow);
    await waitUntil(
      async () => (await readStatus())?.images.some(({ state }) => state === 'ready') === true,
      'an image is ready',
    );
    await prepull.kill('SIGKILL');
    const report = await drayJson('load', ['--bundle', bundle, '--settled'], {
      host: engine.host,
    });
    expect(report).toMatchObject({
      outcome: 'partial',
      images: [{ delivery: 'load' }, { delivery: 'none' }],
    });
    // Without --settled it would be expired, after the lease.
    expect(report.reason).toMatch(/^incomplete: /);
  });

  test('can only wait, with dray wait', async () => {
    await startPrepull(quick, slow);
    const wait = (...more: string[]): ReturnType<typeof dray> =>
      dray(['wait', '--bundle', bundle, '--json', ...more]);
    const ready = await wait('--only', quick);
    expect([ready.exitCode, reportOf('wait', ready).outcome]).toEqual([0, 'ready']);
    const late = await wait('--timeout', '1s');
    expect([late.exitCode, reportOf('wait', late).outcome]).toEqual([4, 'timeout']);
    const stranger = await wait('--only', 'stranger:1');
    expect([stranger.exitCode, reportOf('wait', stranger).outcome]).toEqual([3, 'not-coming']);
  });

  test('takes the status of another pipeline for a left-over', async () => {
    const env = { DRAY_PIPELINE: 'yesterday' };
    expect((await dray(['prepull', quick, '--bundle', bundle], { env })).exitCode).toBe(0);
    const args = ['load', '--bundle', bundle, '--grace', '0s', '--json'];
    const today = await dray(args, { host: engine.host, env: { DRAY_PIPELINE: 'today' } });
    expect(reportOf('load', today).reason).toMatch(/^absent: /);
    const same = await dray(args, { host: engine.host, env });
    expect(reportOf('load', same).outcome).toBe('hit');
  });
});
