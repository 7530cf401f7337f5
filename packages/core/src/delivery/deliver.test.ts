import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Engine } from '../engine.ts';
import { createDirectoryTransport } from '../handover/directory-transport.ts';
import { ingestDirectory, initLayout } from '../store/layout.ts';
import { ownedName } from '../store/owner.ts';
import { hostPlatform } from '../image/platform.ts';
import { startStatus, type StatusWriter } from '../rendezvous/status-writer.ts';
import { deliver } from './deliver.ts';
import type { DeliveryReport } from './report.ts';

/** Longer than any test may take. */
const longMs = 3_600_000;

const unasked = (): never => {
  throw new Error('nothing should be done');
};

const idleEngine: Engine = {
  describe: () =>
    Promise.resolve({
      location: 'unix:///nowhere',
      version: '28.0.0',
      apiVersion: '1.48',
      imageStore: 'classic',
      storageDriver: 'overlay2',
      platform: hostPlatform(),
    }),
  listChainIds: () => Promise.resolve(new Set()),
  inspect: unasked,
  load: unasked,
  tag: unasked,
  remove: unasked,
  removeUnnamed: unasked,
  pull: unasked,
  checkUsable: unasked,
  checkRunnable: unasked,
};

describe('delivering from a pre-pull without images', () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drayage-'));
  });

  afterEach(() => rm(dir, { recursive: true }));

  function begin(): Promise<StatusWriter> {
    return startStatus({
      places: [createDirectoryTransport(dir).documents],
      images: new Map(),
      progress: () => ({ bytesFetched: 0, bytesReused: 0 }),
    });
  }

  function loadAll(
    settled: boolean,
    onWaiting?: () => void,
    timeoutMs = longMs,
    local?: string,
  ): Promise<DeliveryReport> {
    const place = createDirectoryTransport(dir);
    return deliver({
      engine: idleEngine,
      handover: place,
      local: local === undefined ? place : createDirectoryTransport(local),
      only: [],
      delivery: 'auto',
      onMiss: 'continue',
      concurrency: 1,
      policy: { timeoutMs, graceMs: longMs, settled },
      pollMs: 1,
      onEvent: ({ type }) => {
        if (type === 'waiting') onWaiting?.();
      },
    });
  }

  test.each([false, true])('is a hit without images (settled: %j)', async (settled) => {
    await (await begin()).finish('ready');
    expect(await loadAll(settled)).toMatchObject({ outcome: 'hit', images: [] });
  });

  test('removes what killed loads left unfinished where it receives, and nothing at the handover', async () => {
    await (await begin()).finish('ready');
    const local = join(dir, 'local');
    await initLayout(local);
    // Above the highest process id of Linux.
    const dead = ownedName('blob').replace(`-${String(process.pid)}-`, '-99999999-');
    for (const place of [dir, local]) await writeFile(join(ingestDirectory(place), dead), 'unfinished');
    expect(await loadAll(false, undefined, longMs, local)).toMatchObject({ outcome: 'hit' });
    expect(await readdir(ingestDirectory(local))).toEqual([]);
    expect(await readdir(ingestDirectory(dir))).toEqual([dead]);
  });

  test('waits until it has ended', async () => {
    const writer = await begin();
    let ending: Promise<void> | undefined;
    const report = await loadAll(false, () => {
      ending ??= writer.finish('ready');
    });
    await ending;
    expect(report).toMatchObject({ outcome: 'hit', images: [] });
  });

  test('is a miss when it failed before it knew its images', async () => {
    await (await begin()).finish('failed', { code: 'VARIABLE_MISSING', message: 'cannot expand' });
    expect(await loadAll(false)).toMatchObject({
      outcome: 'miss',
      reason: expect.stringContaining('cannot expand'),
    });
  });

  test('reports a timeout only when the time limit ended the wait', async () => {
    const writer = await begin();
    expect(await loadAll(false, undefined, 1)).toMatchObject({ outcome: 'miss', timedOut: true });
    await writer.finish('failed', { code: 'NOT_AVAILABLE', message: 'timeout of a registry' });
    expect(await loadAll(false)).not.toHaveProperty('timedOut');
  });
});
