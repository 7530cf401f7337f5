import { describe, expect, test } from '@jest/globals';
import { counted, humanDuration, humanSize } from './quantities.ts';

describe('quantities for people', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [31_234_567, '31.2 MB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [1_600_000_000, '1.6 GB'],
    [5e15, '5000.0 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(humanSize(bytes)).toBe(text);
  });

  test.each([
    [0, '0 ms'],
    [12.4, '12 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [1900, '1.9 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min 0 s'],
    [125_000, '2 min 5 s'],
    [3_600_000, '1 h 0 min'],
    [5_520_000, '1 h 32 min'],
  ])('%d ms are %s', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  test('one thing is no plural', () => {
    expect([counted(1, 'image'), counted(0, 'image'), counted(2, 'image')]).toEqual([
      '1 image',
      '0 images',
      '2 images',
    ]);
  });
});
