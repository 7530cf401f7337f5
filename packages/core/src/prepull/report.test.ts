import { describe, expect, test } from '@jest/globals';
import { prepullOutcome } from './report.ts';

describe('the outcome of a pre-pull', () => {
  test.each([
    ['ready', ['ready', 'ready']],
    ['ready', ['ready', 'skipped']],
    ['ready', []],
    ['partial', ['ready', 'failed']],
    ['failed', ['failed', 'skipped']],
  ] as const)('is %s', (outcome, states) => {
    expect(prepullOutcome(states.map((state) => ({ state })))).toBe(outcome);
  });
});
