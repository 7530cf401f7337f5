import { describe, expect, test } from '@jest/globals';
import { ageType } from './age-type.ts';

describe('an age', () => {
  test.each([
    ['90m', 5_400_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('%s', (text, ms) => {
    expect(ageType.parse(text)).toBe(ms);
  });

  test.each(['', '0d', '7', '1.5d', '-1d', '10s', '99999d'])('is not %j', (text) => {
    expect(() => ageType.parse(text)).toThrow('expected an age');
  });
});
