import { describe, expect, test } from '@jest/globals';
import { DrayError } from '@drayage/core';
import { bugText, failureJson, failureText } from './failure.ts';

const error = new DrayError('BUNDLE_INVALID', 'cannot read x: no', {
  hint: 'Do y.',
  cause: new Error('deep down'),
});

describe('a failure', () => {
  test('is a message and a hint, without a stack', () => {
    expect(failureText(error, false)).toBe('dray: cannot read x: no\n  hint: Do y.\n');
  });

  test('tells its causes when asked', () => {
    expect(failureText(error, true)).toContain('deep down');
  });

  test('is one JSON object', () => {
    expect(JSON.parse(failureJson(error))).toEqual({
      error: { code: 'BUNDLE_INVALID', message: 'cannot read x: no', hint: 'Do y.' },
    });
  });

  test('that is unexpected shows version and stack, and asks for an issue', () => {
    const text = bugText(new TypeError('oops'), { version: '1.2.3' });
    expect(text).toMatch(/1\.2\.3[^]*issue[^]*oops[^]*failure\.test/);
    expect(bugText('only text', { version: '1.2.3' })).toContain('only text');
  });
});
