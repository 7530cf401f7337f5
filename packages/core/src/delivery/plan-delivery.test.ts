import { describe, expect, test } from '@jest/globals';
import type { Engine, EngineImage, EngineInfo, LoadableImage } from '../engine.ts';
import { chainIds } from '../image/chain-id.ts';
import type { Digest } from '../image/digest.ts';
import { parseReference } from '../image/reference.ts';
import { randomImage } from '../testing/random-image.ts';
import { planDelivery, type EngineView } from './plan-delivery.ts';

const linuxAmd64 = { os: 'linux', architecture: 'amd64' };
const random = randomImage({ layers: 3 });
const bytesOf = (digest: Digest): Uint8Array => random.blobs.get(digest) ?? new Uint8Array();

const image: LoadableImage = {
  reference: parseReference('app:1'),
  target: random.target,
  targetBytes: bytesOf(random.target.digest),
  innerIndexes: [],
  manifest: random.manifest,
  manifestBytes: bytesOf(random.manifest.digest),
  config: random.config,
  configBytes: bytesOf(random.config.digest),
  layers: random.layers,
  diffIds: random.diffIds,
};

const whole: EngineImage = {
  engineImageId: random.config.digest,
  diffIds: random.diffIds,
  repoTags: [],
  repoDigests: [],
};

/** A read-only engine: any change rejects. */
function view(
  inspect: Engine['inspect'],
  known: readonly Digest[] = [],
  info: Partial<EngineInfo> = {},
): EngineView {
  const refuse = async (): Promise<never> => Promise.reject(new Error('a plan changes nothing'));
  const about = { location: 'unix:///e', version: '28.5.2', apiVersion: '1.51', storageDriver: 'overlay2' };
  return {
    engine: {
      describe: refuse,
      inspect,
      listChainIds: refuse,
      load: refuse,
      tag: refuse,
      remove: refuse,
      removeUnnamed: refuse,
      pull: refuse,
      checkUsable: refuse,
      checkRunnable: refuse,
    },
    info: { ...about, imageStore: 'classic', platform: linuxAmd64, ...info },
    knownChainIds: new Set(known),
  };
}

describe('the plan of a delivery', () => {
  test('sends nothing when the engine has the image', async () => {
    const plan = await planDelivery(
      view(async () => whole),
      image,
      linuxAmd64,
    );
    expect(plan).toMatchObject({
      delivery: 'present',
      bytesToSend: 0,
      layers: { total: 3, sent: 0, skipped: 3 },
    });
  });

  test('sends nothing when the engine has the image under another name', async () => {
    const plan = await planDelivery(
      view(async (name) => (typeof name === 'string' ? whole : undefined)),
      image,
      linuxAmd64,
    );
    expect(plan).toMatchObject({ delivery: 'present', bytesToSend: 0 });
  });

  test('sends the layers above the engine’s layers', async () => {
    const known = chainIds(random.diffIds).slice(0, 2);
    const plan = await planDelivery(
      view(async () => undefined, known),
      image,
      linuxAmd64,
    );
    expect(plan).toMatchObject({ delivery: 'load', layers: { total: 3, sent: 1, skipped: 2 } });
    expect(plan.bytesToSend).toBe(random.layers[2]?.size);
  });

  test('sends everything to an engine that has another image with the same name', async () => {
    const other = { ...whole, engineImageId: random.manifest.digest };
    const plan = await planDelivery(
      view(async () => other),
      image,
      linuxAmd64,
    );
    expect(plan).toMatchObject({ delivery: 'load', layers: { sent: 3, skipped: 0 } });
  });

  test('reports that an engine of another platform cannot use the image', async () => {
    const arm = { os: 'linux', architecture: 'arm64' };
    const plan = await planDelivery(
      view(async () => undefined, [], { platform: arm }),
      image,
      linuxAmd64,
    );
    expect(plan).toMatchObject({ delivery: 'none', reason: expect.stringContaining('linux/arm64') });
  });

  test('mounts what the engine lacks, when packs would be mounted', async () => {
    const mounting = 'packs are mounted in place';
    const empty = view(async () => undefined);
    const layers = { total: 3, sent: 0, skipped: 3 };
    expect(await planDelivery({ ...empty, mounting }, image, linuxAmd64)).toEqual({
      delivery: 'mount',
      reason: mounting,
      layers,
      bytesToSend: 0,
    });
    const full = view(async () => whole);
    expect(await planDelivery({ ...full, mounting }, image, linuxAmd64)).toMatchObject({
      delivery: 'present',
    });
  });
});
