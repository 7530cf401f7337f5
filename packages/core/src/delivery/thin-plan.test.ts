import { describe, expect, test } from '@jest/globals';
import { chainIds } from '../image/chain-id.ts';
import { digestOf } from '../image/digest.ts';
import { layersToOmit } from './thin-plan.ts';

const diffIds = ['a', 'b', 'c'].map(digestOf);
const chain = chainIds(diffIds);

describe('the layers that a thin load omits', () => {
  test('are empty for an empty engine', () => {
    expect(layersToOmit(diffIds, new Set())).toEqual(new Set());
  });

  test('are all layers when the engine has the whole stack', () => {
    expect(layersToOmit(diffIds, new Set(chain))).toEqual(new Set([0, 1, 2]));
  });

  test('are the layers up to the highest known chainId', () => {
    expect(layersToOmit(diffIds, new Set(chain.slice(1, 2)))).toEqual(new Set([0, 1]));
  });

  test('exclude a layer that the engine has only in another stack', () => {
    const otherStack = chainIds([digestOf('x'), ...diffIds]);
    expect(layersToOmit(diffIds, new Set(otherStack))).toEqual(new Set());
  });

  test('are empty for an image without layers', () => {
    expect(layersToOmit([], new Set(chain))).toEqual(new Set());
  });
});
