import { describe, expect, test } from '@jest/globals';
import { parseDuration } from './duration.ts';

describe('a duration', () => {
  test.each([
    ['10m', 600_000],
    ['60s', 60_000],
    ['500ms', 500],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['0', 0],
    ['0s', 0],
    [' 5m ', 300_000],
  ])('%j is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', '5 m', 'm', '-5m', '5min', '1e3s', '5m!', '99999h', '1.s', '5m 3'])(
    '%j is not a duration',
    (text) => {
      expect(() => parseDuration(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});
