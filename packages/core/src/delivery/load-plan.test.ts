import { describe, expect, test } from '@jest/globals';
import { chainIds } from '../image/chain-id.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { mediaTypes } from '../image/media-types.ts';
import { planLoads, type ImageToLoad } from './load-plan.ts';

/** An image of layers such as `base:100`, whose sizes are in bytes. */
function imageOf(layers: readonly string[], present = 0): ImageToLoad {
  const described = layers.map((layer) => {
    const size = Number(layer.split(':')[1]);
    return { mediaType: mediaTypes.ociLayerGzip, digest: digestOf(layer), size };
  });
  return { image: { layers: described, diffIds: described.map(({ digest }) => digest) }, present };
}

function chainOf(...layers: readonly string[]): Digest | undefined {
  return chainIds(layers.map((layer) => digestOf(layer))).at(-1);
}

describe('planning loads', () => {
  test('one small image is loaded in one piece', () => {
    expect(planLoads([imageOf(['base:1', 'app:2'])], 100)).toEqual([
      { parts: [], from: 0, under: undefined },
    ]);
  });

  test('a large image is cut where the bytes so far reach the limit', () => {
    const chainId = chainOf('base:60', 'libs:60');
    expect(planLoads([imageOf(['base:60', 'libs:60', 'app:1'])], 100)).toEqual([
      { parts: [{ from: 0, end: 2, chainId, under: undefined }], from: 2, under: chainId },
    ]);
  });

  test('layers that images share are loaded once, first', () => {
    const [first, second] = planLoads([imageOf(['base:1', 'a:1']), imageOf(['base:1', 'b:1'])], 100);
    const base = chainOf('base:1');
    expect(first).toEqual({
      parts: [{ from: 0, end: 1, chainId: base, under: undefined }],
      from: 1,
      under: base,
    });
    expect(second).toEqual({ parts: [], from: 1, under: base });
  });

  test('an image that is the base of another brings its layers for both', () => {
    const [base, app] = planLoads([imageOf(['base:1']), imageOf(['base:1', 'app:1'])], 100);
    expect(base).toEqual({ parts: [], from: 0, under: undefined });
    expect(app).toEqual({ parts: [], from: 1, under: chainOf('base:1') });
  });

  test('the base that comes later gets only its name', () => {
    const [app, base] = planLoads([imageOf(['base:1', 'app:1']), imageOf(['base:1'])], 100);
    expect(app?.parts).toHaveLength(1);
    expect(base).toEqual({ parts: [], from: 1, under: chainOf('base:1') });
  });

  test('two images with the same layers send them once', () => {
    const [, copy] = planLoads([imageOf(['base:1', 'app:1']), imageOf(['base:1', 'app:1'])], 100);
    expect(copy).toEqual({ parts: [], from: 2, under: chainOf('base:1', 'app:1') });
  });

  test('layers that the engine has are not waited for', () => {
    expect(planLoads([imageOf(['base:500', 'app:1'], 1)], 100)).toEqual([
      { parts: [], from: 1, under: undefined },
    ]);
  });

  test('an image without layers gets only its name', () => {
    expect(planLoads([imageOf([])], 100)).toEqual([{ parts: [], from: 0, under: undefined }]);
  });
});
