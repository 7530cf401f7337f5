import { describe, expect, test } from '@jest/globals';
import { chainIds } from './chain-id.ts';
import { digestOf, parseDigest } from './digest.ts';

// The diffIds in the example of image-spec v1.1.1, config.md; the chainId was computed with sha256sum.
const bottom = parseDigest('sha256:c6f988f4874bb0add23a778f753c65efe992244e148a1d2ec2a8b664fb66bbd1');
const top = parseDigest('sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef');

describe('chainIds', () => {
  test('are empty without layers', () => {
    expect(chainIds([])).toEqual([]);
  });

  test('begin with the diffId of the bottom layer', () => {
    expect(chainIds([bottom])).toEqual([bottom]);
  });

  test('name each layer together with all layers below it', () => {
    expect(chainIds([bottom, top])).toEqual([
      bottom,
      'sha256:c3191d32a37d7159b2e30830937d2e30268ad6c375a773a8994911a3aba9b93f',
    ]);
    expect(chainIds([bottom, top, bottom])[2]).toBe(
      digestOf(`sha256:c3191d32a37d7159b2e30830937d2e30268ad6c375a773a8994911a3aba9b93f ${bottom}`),
    );
  });

  test('depend on the order of the layers', () => {
    expect(chainIds([bottom, top])[1]).not.toBe(chainIds([top, bottom])[1]);
  });
});
