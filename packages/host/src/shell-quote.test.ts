import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { shellCommand, shellQuote } from './shell-quote.ts';

describe('words for a shell', () => {
  test.each([
    '',
    'plain',
    'two words',
    "it's",
    '$HOME `id` "x" \\',
    'line\nline',
    '*',
    '~',
    '#no',
    '-n',
    'ü€',
    "'",
  ])('reach the program as they are: %j', (word) => {
    const script = `printf %s\\\\n ${shellQuote(word)}x`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`${word}x\n`);
  });

  test('make a command line together', () => {
    const script = shellCommand(['printf', '<%s>', 'a b', '', '$x']);
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe('<a b><><$x>');
  });

  test('hold no NUL', () => {
    expect(() => shellQuote('a\0b')).toThrow(RangeError);
  });
});
