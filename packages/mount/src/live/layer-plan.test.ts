import { describe, expect, test } from '@jest/globals';
import { chainIds } from '@drayage/core/image';
import { digestOf, type Descriptor, type Digest } from '@drayage/core';
import { packedLayers, type Pack } from '@drayage/core/bundle';
import { planLayers } from './layer-plan.ts';
import { planRepair } from './repair.ts';

const diff = (name: string): Digest => digestOf(`diff ${name}`);
const descriptor = (name: string): Descriptor => ({ mediaType: 'x/y', digest: digestOf(name), size: 1 });

function packOf(name: string, layers: readonly string[]): Pack {
  return {
    manifest: descriptor(`manifest ${name}`),
    config: descriptor(`config ${name}`),
    image: descriptor(name),
    filesystem: 'squashfs',
    layers: layers.map((layer) => ({
      ...{ diffId: diff(layer), size: 1, tarSize: 1, entries: 1 },
      tarSplit: descriptor(`split ${layer}`),
    })),
  };
}

const image = (...layers: string[]): { diffIds: Digest[] } => ({ diffIds: layers.map(diff) });
const chain = (...layers: string[]): Digest | undefined => chainIds(layers.map(diff)).at(-1);
const nothing = (): boolean => false;

describe('the layer plan', () => {
  const packed = packedLayers([packOf('one', ['base', 'app']), packOf('two', ['tool'])]);

  test('makes parents first, and shared layers once', () => {
    const plan = planLayers([image('base', 'app'), image('base', 'tool', 'app')], packed, nothing);
    expect(plan.waves.map((wave) => wave.map(({ chainId }) => chainId))).toEqual([
      [chain('base')],
      [chain('base', 'app'), chain('base', 'tool')],
      [chain('base', 'tool', 'app')],
    ]);
    expect(plan.waves[2]?.[0]).toMatchObject({ parent: chain('base', 'tool'), pack: digestOf('one') });
    expect(plan.waves[0]?.[0]?.parent).toBeUndefined();
  });

  test('skips existing layers of any origin', () => {
    const there = chain('base', 'tool');
    const isPresent = (chainId: Digest): boolean => chainId === there || chainId === chain('base');
    const plan = planLayers([image('base', 'tool', 'app')], packed, isPresent);
    expect(plan.waves).toEqual([[expect.objectContaining({ parent: there, diffId: diff('app') })]]);
    expect(plan.present).toEqual([chain('base'), there]);
  });

  test('lists layers that are neither in a pack nor present', () => {
    expect(planLayers([image('base', 'alien')], packed, nothing).lacking).toEqual([diff('alien')]);
    const isPresent = (chainId: Digest): boolean => chainId === chain('base', 'alien');
    expect(planLayers([image('base', 'alien')], packed, isPresent).lacking).toEqual([]);
  });

  test('is empty for an image without layers', () => {
    expect(planLayers([image()], packed, nothing)).toEqual({ waves: [], present: [], lacking: [] });
  });

  test('makes a layer twice if a chain repeats it', () => {
    const plan = planLayers([image('base', 'base')], packed, nothing);
    expect(plan.waves.map((wave) => wave.length)).toEqual([1, 1]);
  });
});

describe('the repair plan', () => {
  const mounted = (layer: string, pack: string): Parameters<typeof planRepair>[0][number] => ({
    chainId: digestOf(layer),
    diffId: diff(layer),
    pack: digestOf(pack),
    link: `/snapshots/${layer}/fs`,
  });

  test('mounts packs at hand, finds layers in other packs, and gives up the rest', () => {
    const packs = packedLayers([packOf('one', ['base']), packOf('two', ['tool'])]);
    const broken = [mounted('base', 'one'), mounted('tool', 'old'), mounted('alien', 'old')];
    const plan = planRepair(broken, packs);
    expect([...plan.mount]).toEqual([digestOf('one'), digestOf('two')]);
    expect(plan.relink).toEqual([{ layer: broken[1], pack: digestOf('two') }]);
    expect(plan.lost).toEqual([broken[2]]);
  });
});
