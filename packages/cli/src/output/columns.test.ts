import { describe, expect, test } from '@jest/globals';
import { formatColumns, formatTable, wrap } from './columns.ts';

describe('columns', () => {
  test('wrap the second one beside the first', () => {
    const rows = [
      ['-a', 'one two three four five six'],
      ['--long', 'x'],
    ];
    expect(formatColumns(rows, 28)).toEqual(['-a      one two three four', '        five six', '--long  x']);
  });

  test('give a very wide first cell a line of its own', () => {
    const wide = 'w'.repeat(50);
    expect(
      formatColumns(
        [
          [wide, 'text'],
          ['a', 'b'],
        ],
        80,
      ),
    ).toEqual([wide, `${' '.repeat(42)}text`, `a${' '.repeat(41)}b`]);
  });

  test('of a table are as wide as their widest cell, numbers to the right', () => {
    expect(
      formatTable(
        [
          ['NAME', 'SIZE', ''],
          ['redis', '1 B', ''],
          ['a', '10 kB', 'x'],
        ],
        [1],
      ),
    ).toEqual(['NAME    SIZE', 'redis    1 B', 'a      10 kB  x']);
  });

  test('never split a word', () => {
    expect(wrap('a verylongword b', 5)).toEqual(['a', 'verylongword', 'b']);
  });
});
