import { describe, expect, test } from '@jest/globals';
import { maskSecrets, printable, redactUrl } from './redact.ts';

describe('a redacted URL', () => {
  test.each([
    ['https://user:s3cret@host:8443/path?token=s3cret#s3cret', 'https://host:8443/path'],
    ['https://s3cret@host/', 'https://host/'],
    ['s3://key:s3cret@bucket/prefix', 's3://bucket/prefix'],
    ['https://host/a?X-Amz-Signature=s3cret', 'https://host/a'],
  ])('%s loses user info, query and fragment', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
    expect(redactUrl(new URL(url))).toBe(expected);
  });

  test.each([
    ['user:s3cret@host/path', 'host/path'],
    ['https://user:s3cret@host:99999/', 'https://host:99999/'],
    ['https://user:s3 @cret@host/a b?token=s3cret', 'https://host/a%20b'],
    ['gitlab:user:s3cret@host#s3cret', 'host'],
    ['file:///a@b/c', 'file:///a@b/c'],
  ])('%s, which is no URL of a host, loses them too', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });

  test('is printable even when the text is not a URL', () => {
    expect(redactUrl('no url\u0007')).toBe('no url ');
  });
});

describe('masked text', () => {
  test('replaces every occurrence of every secret by ***', () => {
    expect(maskSecrets('a=hunter2 b=hunter2 c=swordfish', ['hunter2', 'swordfish'])).toBe(
      'a=*** b=*** c=***',
    );
  });

  test('leaves no part of a secret that contains another', () => {
    expect(maskSecrets('token-token-long', ['token', 'token-long'])).toBe('***-***');
    expect(maskSecrets('abcdefgh', ['abcd', 'abcdefgh'])).toBe('***');
  });

  test('treats regular expression characters literally', () => {
    expect(maskSecrets('x.*+?y $& z', ['.*+?', '$&  '])).toBe('x***y $& z');
  });

  test('ignores values that are too short to be secrets', () => {
    expect(maskSecrets('a b c', ['a', '', 'b'])).toBe('a b c');
  });
});

describe('printable text', () => {
  test('has no control characters', () => {
    expect(printable('a\u001b[2Jb\r\nc\u0000d\u007fe\u009bf')).toBe('a [2Jb  c d e f');
  });

  test('keeps letters and symbols of all scripts', () => {
    expect(printable('größer 漢字 🚢')).toBe('größer 漢字 🚢');
  });

  test('is truncated at its limit', () => {
    expect(printable('abcdef', 3)).toBe('abc…');
    expect(printable('abc', 3)).toBe('abc');
  });
});
