import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { prepullImages } from './prepull/prepull-images.ts';
import type { LoadRequest } from './engine.ts';
import { EngineError } from './errors.ts';
import { createMemoryEngine, type MemoryEngine } from './testing/memory-engine.ts';
import { createMemorySource } from './testing/memory-source.ts';
import { randomImage } from './testing/random-image.ts';
import { deliverImages } from './delivery/deliver-images.ts';
import { partLabel } from './delivery/partial-image.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drayage-'));
});

afterEach(() => rm(dir, { recursive: true }));

const app = randomImage({ seed: 5, layers: 3 });
const base = randomImage({ seed: 5, layers: 2 });
const images = new Map([
  ['registry.test/app:1', app],
  ['registry.test/base:1', base],
]);

/** Loads the app and the base it is built on; `fail` may refuse a load. */
async function loadBoth(fail: (request: LoadRequest) => void = () => undefined) {
  const source = createMemorySource(images);
  await prepullImages([...images.keys()], { from: source, to: dir });
  const memory = createMemoryEngine();
  const loads: LoadRequest[] = [];
  const engine: MemoryEngine = {
    ...memory,
    load(request) {
      loads.push(request);
      fail(request);
      return memory.load(request);
    },
  };
  const report = await deliverImages(dir, engine);
  return { engine, loads, report };
}

test('sends the layers that images share once, and leaves no image that only brought layers', async () => {
  const { engine, loads, report } = await loadBoth();
  expect(report.outcome).toBe('hit');
  expect(
    loads.flatMap(({ image, omit }) => image.layers.filter((_, position) => !omit.has(position))),
  ).toEqual(app.layers);
  expect(loads.map(({ image }) => String(Buffer.from(image.configBytes)).includes(partLabel))).toEqual([
    true,
    false,
    false,
  ]);
  expect([...engine.images.keys()].sort()).toEqual(['registry.test/app:1', 'registry.test/base:1']);
  expect(report.images.map(({ layers }) => layers)).toEqual([
    { total: 3, sent: 3, skipped: 0 },
    { total: 2, sent: 0, skipped: 2 },
  ]);
});

test('an image whose lower layers could not be loaded is sent whole', async () => {
  const { engine, report } = await loadBoth(({ image }) => {
    if (image.reference === undefined) throw new EngineError('ENGINE_LOAD_FAILED', 'cannot load the part');
  });
  expect(report.outcome).toBe('hit');
  expect(report.images.map(({ layers }) => layers)).toEqual([
    { total: 3, sent: 3, skipped: 0 },
    { total: 2, sent: 2, skipped: 0 },
  ]);
  expect(engine.images.size).toBe(2);
});
