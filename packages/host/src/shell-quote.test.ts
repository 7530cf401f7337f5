import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { shellCommand, shellQuote } from './shell-quote.ts';

describe('quoting for a shell', () => {
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
  ])('passes %j to the program unchanged', (word) => {
    const script = `printf %s\\\\n ${shellQuote(word)}x`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`${word}x\n`);
  });

  test('joins words into a command line', () => {
    const script = shellCommand(['printf', '<%s>', 'a b', '', '$x']);
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe('<a b><><$x>');
  });

  test('rejects NUL', () => {
    expect(() => shellQuote('a\0b')).toThrow(RangeError);
  });
});
