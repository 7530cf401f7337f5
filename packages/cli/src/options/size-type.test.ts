import { describe, expect, test } from '@jest/globals';
import { sizeType } from './size-type.ts';

describe('a size', () => {
  test.each([
    ['1', 1],
    ['20GB', 20_000_000_000],
    ['20 GB', 20_000_000_000],
    ['1.5G', 1_610_612_736],
    ['512MiB', 536_870_912],
    ['2k', 2048],
  ])('%j is %d bytes', (text, bytes) => {
    expect(sizeType.parse(text)).toBe(bytes);
  });

  test.each(['', '0', 'G', '-1G', '1X', '1e9', '999999999999999T'])('%j is not a size', (text) => {
    expect(() => sizeType.parse(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
