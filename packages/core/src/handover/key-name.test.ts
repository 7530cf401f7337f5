import { describe, expect, test } from '@jest/globals';
import { keyName } from './key-name.ts';

describe('the name of a key', () => {
  test.each(['1234', 'a', 'nightly', 'v1.2.3', 'main_2', 'x'.repeat(80)])('is %s itself', (text) => {
    expect(keyName(text)).toBe(text);
  });

  test.each([
    ['feature/login', /^feature-login-[0-9a-f]{16}$/],
    ['_own', /^own-[0-9a-f]{16}$/],
    ['../../etc', /^etc-[0-9a-f]{16}$/],
    ['ends.', /^ends-[0-9a-f]{16}$/],
    ['\u00e9', /^key-[0-9a-f]{16}$/],
    ['', /^key-[0-9a-f]{16}$/],
    ['y'.repeat(81), /^y{60}-[0-9a-f]{16}$/],
  ])('of %j is readable, and safe', (text, name) => {
    expect(keyName(text)).toMatch(name);
    expect(keyName(keyName(text))).toBe(keyName(text));
  });

  test('differs where the text differs', () => {
    const texts = ['a/b', 'a-b', 'a:b', 'a b', 'a//b'];
    expect(new Set(texts.map(keyName)).size).toBe(texts.length);
  });
});
