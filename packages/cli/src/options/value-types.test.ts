import { describe, expect, test } from '@jest/globals';
import {
  booleanType,
  choiceType,
  listOr,
  platformType,
  textListType,
  textType,
  wholeNumberType,
} from './value-types.ts';

const usage = expect.objectContaining({ code: 'USAGE' });

describe('values', () => {
  test.each([
    ['true', true],
    ['1', true],
    ['Yes', true],
    ['on', true],
    ['FALSE', false],
    ['0', false],
    ['no', false],
    ['off', false],
  ])('the boolean %j is %j', (text, value) => {
    expect(booleanType.parse(text)).toBe(value);
  });

  test.each(['', 'maybe', '2', 'truee'])('%j is not a boolean', (text) => {
    expect(() => booleanType.parse(text)).toThrow(usage);
  });

  test('a whole number keeps to its limits', () => {
    const type = wholeNumberType(1, 64);
    expect([type.parse('1'), type.parse('64'), type.parse(' 7 ')]).toEqual([1, 64, 7]);
    for (const text of ['0', '65', '1.5', '-1', 'x', '', '0x10', '1e1'])
      expect(() => type.parse(text)).toThrow(usage);
  });

  test('a choice is one of its words', () => {
    const type = choiceType(['auto', 'load']);
    expect(type.parse('load')).toBe('load');
    expect(() => type.parse('Load')).toThrow(usage);
  });

  test('a list is separated by commas, spaces or lines', () => {
    expect(textListType('HOST').parse('a:1, b\n c,,d\t')).toEqual(['a:1', 'b', 'c', 'd']);
    expect(textListType('HOST').parse(' , ')).toEqual([]);
  });

  test('a platform is written in Go spelling, or as kernels call it', () => {
    expect(platformType.parse('linux/x86_64')).toEqual({ os: 'linux', architecture: 'amd64' });
    expect(() => platformType.parse('amd64')).toThrow(expect.objectContaining({ code: 'PLATFORM_INVALID' }));
  });

  test('an empty text is no value', () => {
    expect(() => textType('ID').parse('  ')).toThrow(usage);
  });

  test('words are listed as one would say them', () => {
    expect([listOr(['a']), listOr(['a', 'b']), listOr(['a', 'b', 'c'])]).toEqual([
      'a',
      'a or b',
      'a, b or c',
    ]);
  });
});
