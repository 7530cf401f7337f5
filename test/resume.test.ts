import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PrepullReport } from '@drayage/core';
import { startFaultyRegistry, type FaultyRegistry } from '@drayage/registry/testing';

import { dray, drayJson, startDray } from './support/dray.ts';
import { serveImage } from './support/faulty-images.ts';
import { makeFolder, removeFolder } from './support/folders.ts';
import { busyboxLayer, layerOf } from './support/images.ts';
import { waitUntil } from './support/wait.ts';

const largeBytes = 8_000_000;

describe('a pre-pull into a bundle that is there', () => {
  let registry: FaultyRegistry;
  let bundle: string;
  let reference: string;
  let largeLayer: string;

  beforeEach(async () => {
    registry = await startFaultyRegistry();
    bundle = makeFolder();
    const large = { path: 'large', content: { seed: 'large', sizeBytes: largeBytes, randomShare: 1 } };
    const image = await serveImage(registry, 'team/app:1', { layers: [busyboxLayer(), [large]] });
    reference = image.reference;
    largeLayer = layerOf(image, 1).digest;
  });

  afterEach(async () => {
    await registry.close();
    await removeFolder(bundle);
  });

  const prepull = (): Promise<PrepullReport> => drayJson('prepull', [reference, '--bundle', bundle]);
  /** Of the largest unfinished blob. */
  const partialBytes = (): number => {
    const ingest = join(bundle, '.dray', 'ingest');
    if (!existsSync(ingest)) return 0;
    return Math.max(0, ...readdirSync(ingest).map((name) => statSync(join(ingest, name)).size));
  };
  const blobRequests = (): number => registry.log.filter(({ kind }) => kind === 'blob').length;

  test('fetches no blob again', async () => {
    const first = await prepull();
    expect(first.bytesFetched).toBeGreaterThan(largeBytes);
    const requests = blobRequests();
    const second = await prepull();
    expect(second).toMatchObject({ outcome: 'ready', bytesFetched: 0 });
    expect(second.bytesReused).toBeGreaterThan(largeBytes);
    expect(blobRequests()).toBe(requests);
  });

  test('continues where a killed one stopped, and ends with a bundle that verifies', async () => {
    const half = largeBytes / 2;
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    registry.inject({
      path: new RegExp(largeLayer),
      effect: { kind: 'gate', afterBytes: half, gate },
      times: 1,
    });
    const killed = startDray(['prepull', reference, '--bundle', bundle]);
    await waitUntil(() => partialBytes() > largeBytes / 4, 'a part of the layer is on disk');
    await killed.kill('SIGKILL');
    open();

    expect(await prepull()).toMatchObject({ outcome: 'ready' });
    expect((await dray(['bundle', 'verify', bundle])).exitCode).toBe(0);
    const resumed = registry.log.filter(({ path }) => path.includes(largeLayer)).at(-1);
    expect(resumed?.headers['range']).toMatch(/^bytes=[1-9]/);
  });
});
