import { describe, expect, test } from '@jest/globals';
import { chooseTag } from './choose-tag.ts';
import { parseTagRange } from './tag-range.ts';

const choose = (text: string, tags: readonly string[], prereleases = false): string | undefined => {
  const range = parseTagRange(text);
  if (range === undefined) throw new Error(`${text} is no range`);
  return chooseTag(range, tags, { prereleases });
};

const node = [
  'latest',
  'alpine',
  'alpine3.20',
  '22',
  '22-alpine',
  '22.11',
  '22.11-alpine',
  '22.11.0',
  '22.11.0-alpine',
  '22.11.0-alpine3.20',
  '22.9.0-alpine',
  '22.10.0-alpine',
  '23.0.0-alpine',
  '22.11.0-bookworm-slim',
];
const postgres = [
  '15.10',
  '16',
  '16.2',
  '16.10',
  '16.4',
  '16-alpine',
  '16.4-alpine',
  '17beta2',
  '17beta10',
  '17rc1',
  '17rc1-alpine',
  'bookworm',
];

describe('choosing a tag', () => {
  test.each([
    ['~22.11-alpine', '22.11.0-alpine'],
    ['^22-alpine', '22.11.0-alpine'],
    ['^22-alpine3.20', '22.11.0-alpine3.20'],
    ['22.x-bookworm-slim', '22.11.0-bookworm-slim'],
    ['*', '22.11.0'],
    ['<22.11-alpine', '22.10.0-alpine'],
    ['^22-slim', undefined],
    ['^24-alpine', undefined],
  ])('of node, %s is %s', (range, tag) => {
    expect(choose(range, node)).toBe(tag);
    expect(choose(range, node.toReversed())).toBe(tag);
  });

  test.each([
    ['^16', '16.10'],
    ['<=16.4', '16.4'],
    ['16.x-alpine', '16.4-alpine'],
    ['>=15', '16.10'],
    ['<16', '15.10'],
    ['>=17', undefined],
    ['>=17.0.0-beta.1', '17rc1'],
  ])('of postgres, %s is %s', (range, tag) => {
    expect(choose(range, postgres)).toBe(tag);
  });

  test('pre-releases count when they are asked for, in the order of their numbers', () => {
    expect(choose('>=16', postgres, true)).toBe('17rc1');
    expect(choose('>=16-alpine', postgres, true)).toBe('17rc1-alpine');
    expect(choose('>=16', ['17beta2', '17beta10'], true)).toBe('17beta10');
    expect(choose('^16', postgres, true)).toBe('16.10');
    expect(choose('^3', ['3.0.0-rc.1', '3.0.0-RC2', '2.9.0'])).toBeUndefined();
    expect(choose('^3', ['3.0.0-rc.1', '3.0.0-RC2', '2.9.0'], true)).toBe('3.0.0-RC2');
  });

  test('the most specific of the tags for one version is taken, whatever their order', () => {
    const tags = ['v1.2.0', '1.2', '1.2.0', 'V1.2.0', '1'];
    for (const order of [tags, tags.toReversed()]) expect(choose('^1', order)).toBe('1.2.0');
    expect(choose('^1', ['v1.2', 'v1.2.0'])).toBe('v1.2.0');
    expect(choose('^1', ['1.2', 'v1.2.0'])).toBe('v1.2.0');
  });

  test('a tag that may name a version outside of the range does not count', () => {
    expect(choose('<7.2', ['7', '7.4.0'])).toBeUndefined();
    expect(choose('^7', ['7', '8'])).toBe('7');
    expect(choose('>=7.1', ['7', '7.1'])).toBe('7.1');
  });

  test('dates and build numbers are no versions, unless the range is one of them', () => {
    const tags = ['3.19', '3.20.1', '20240329', '1234567'];
    expect(choose('>=3', tags)).toBe('3.20.1');
    expect(choose('>=20240101', tags)).toBe('20240329');
  });

  test('leading zeros do no harm', () => {
    expect(choose('<=22.04', ['20.04', '22.04', '24.04'])).toBe('22.04');
  });

  test('a tag that is spelled like the range is the one', () => {
    expect(choose('7.x', ['7.x', '7.4.0'])).toBe('7.x');
  });
});
