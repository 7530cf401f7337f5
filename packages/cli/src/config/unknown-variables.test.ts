import { expect, test } from '@jest/globals';
import { unknownVariableWarnings } from './unknown-variables.ts';

test('warns about an unknown variable, with a suggestion', () => {
  const warnings = unknownVariableWarnings({
    DRAY_TIMEOT: '1m',
    DRAY_XYZ: '1',
    DRAY_TIMEOUT: '1m',
    PATH: '/bin',
  });
  expect(warnings).toEqual([
    expect.stringMatching(/DRAY_TIMEOT; .*DRAY_TIMEOUT/),
    expect.stringMatching(/DRAY_XYZ$/),
  ]);
});

test('does not warn about variables of the install script', () => {
  expect(unknownVariableWarnings({ DRAY_INSTALL_FROM: 'npm' })).toEqual([]);
});
