import { describe, expect, test } from '@jest/globals';
import { handoverKey } from './handover-key.ts';

describe('the key of a bundle at its handover location', () => {
  test.each([
    [{ key: 'nightly', pipeline: '7' }, 'nightly'],
    [{ key: undefined, pipeline: '7' }, '7'],
    [{ key: undefined, pipeline: undefined }, 'default'],
  ])('for %j is %s', (config, key) => {
    expect(handoverKey(config)).toBe(key);
  });
});
