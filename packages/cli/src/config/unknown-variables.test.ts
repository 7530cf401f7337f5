import { expect, test } from '@jest/globals';
import { unknownVariableWarnings } from './unknown-variables.ts';

test('a variable that means nothing is told, with the one that may be meant', () => {
  const warnings = unknownVariableWarnings({
    DRAY_TIMEOT: '1m',
    DRAY_XYZ: '1',
    DRAY_TIMEOUT: '1m',
    PATH: '/bin',
  });
  expect(warnings).toEqual([
    expect.stringMatching(/DRAY_TIMEOT .*DRAY_TIMEOUT/),
    expect.stringMatching(/^DRAY_XYZ /),
  ]);
});

test('variables of the script that installs the command are not told', () => {
  expect(unknownVariableWarnings({ DRAY_INSTALL_FROM: 'npm' })).toEqual([]);
});
