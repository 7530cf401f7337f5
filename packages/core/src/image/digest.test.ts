import { describe, expect, test } from '@jest/globals';
import { isDrayError } from '../errors.ts';
import { digestOf, fromHex, hexOf, isDigest, parseDigest, shortDigest } from './digest.ts';

// Examples of FIPS 180-4.
const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('a digest', () => {
  test('is computed from the bytes', () => {
    expect(digestOf('')).toBe(`sha256:${empty}`);
    expect(digestOf('abc')).toBe(`sha256:${abc}`);
    expect(digestOf(new TextEncoder().encode('abc'))).toBe(`sha256:${abc}`);
  });

  test('can be rebuilt from its hex digits', () => {
    const digest = parseDigest(`sha256:${abc}`);
    expect(hexOf(digest)).toBe(abc);
    expect(fromHex(abc)).toBe(digest);
    expect(shortDigest(digest)).toBe('ba7816bf8f01');
  });

  test.each([
    [''],
    ['sha256:'],
    [abc],
    [`sha256:${abc.toUpperCase()}`],
    [`SHA256:${abc}`],
    [`sha256:${abc.slice(1)}`],
    [`sha256:${abc}0`],
    [`sha256:${abc}\n`],
    [` sha256:${abc}`],
    [`sha512:${abc}${abc}`],
    [`md5:${abc}`],
    ['sha256:../../../../etc/passwd'],
  ])('is refused for %j', (text) => {
    expect(isDigest(text)).toBe(false);
    expect(codeOf(() => parseDigest(text))).toBe('DIGEST_INVALID');
  });

  test('of another algorithm is refused, naming the algorithm', () => {
    expect(() => parseDigest(`sha512:${abc}${abc}`)).toThrow('sha512');
  });
});

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return isDrayError(error) ? error.code : 'no DrayError';
  }
}
