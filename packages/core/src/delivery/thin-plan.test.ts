import { describe, expect, test } from '@jest/globals';
import { chainIds } from '../image/chain-id.ts';
import { digestOf } from '../image/digest.ts';
import { layersToOmit } from './thin-plan.ts';

const diffIds = ['a', 'b', 'c'].map(digestOf);
const chain = chainIds(diffIds);

describe('the layers a thin load leaves out', () => {
  test('are none for an empty engine', () => {
    expect(layersToOmit(diffIds, new Set())).toEqual(new Set());
  });

  test('are all when the engine knows the whole stack', () => {
    expect(layersToOmit(diffIds, new Set(chain))).toEqual(new Set([0, 1, 2]));
  });

  test('are those under the highest known chainId', () => {
    expect(layersToOmit(diffIds, new Set(chain.slice(1, 2)))).toEqual(new Set([0, 1]));
  });

  test('are not those of another stack with the same layer', () => {
    const otherStack = chainIds([digestOf('x'), ...diffIds]);
    expect(layersToOmit(diffIds, new Set(otherStack))).toEqual(new Set());
  });

  test('are none of an image without layers', () => {
    expect(layersToOmit([], new Set(chain))).toEqual(new Set());
  });
});
