import { describe, expect, test } from '@jest/globals';
import { commands } from '../commands/commands.ts';
import { optionTable } from '../options/option-table.ts';
import { helpText } from './help.ts';

describe('a usage text', () => {
  test('of the program lists every command', () => {
    for (const { name } of commands) expect(helpText(undefined)).toContain(`dray ${name}`);
  });

  test('of a group lists its commands and no other', () => {
    expect(helpText('bundle')).toContain('dray bundle gc');
    expect(helpText('bundle')).not.toContain('dray load');
  });

  test.each(commands)('of $name lists its options with their variables', ({ name, options }) => {
    const text = helpText(name);
    for (const { flag, env } of options.map((key) => optionTable[key])) {
      if (flag === undefined) continue;
      expect(text).toContain(`--${flag}`);
      expect(text.replaceAll(/\s+/g, ' ')).toContain(env);
    }
  });

  test.each(commands)('of $name fits into a hundred columns', ({ name }) => {
    const lines = helpText(name).split('\n');
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.filter((line) => line !== line.trimEnd())).toEqual([]);
  });
});
