import { describe, expect, test } from '@jest/globals';
import { parseTagRange } from './tag-range.ts';

describe('the range in place of a tag', () => {
  test.each([
    ['^16', '^16', ''],
    ['~22.11-alpine', '~22.11', 'alpine'],
    ['>=7 <8', '>=7 <8', ''],
    ['>= 7  < 8-alpine', '>=7 <8', 'alpine'],
    ['7.x', '7.x', ''],
    ['7.X-alpine3.20', '7.x', 'alpine3.20'],
    ['16.*', '16.x', ''],
    ['*', 'x', ''],
    ['*-slim', 'x', 'slim'],
    ['^3.19-slim-bookworm', '^3.19', 'slim-bookworm'],
    ['^v1.2', '^1.2', ''],
    ['^22.04', '^22.4', ''],
    ['^6 || ^7-alpine', '^6 || ^7', 'alpine'],
    ['>=17.0.0-rc.1', '>=17.0.0-rc.1', ''],
    ['>=17beta2-alpine', '>=17.0.0-beta.2', 'alpine'],
    ['=16.4', '=16.4', ''],
  ])('%s', (text, range, tagSuffix) => {
    expect(parseTagRange(text)).toEqual({ text, range, tagSuffix });
  });

  test.each([
    'latest',
    '16',
    '16.4-alpine',
    'v1.2.3',
    'x',
    'x.1',
    'x86',
    '1.2.x.4',
    'bookworm-20240701',
    '^',
    '^foo',
    '>=7-alpine <8-slim',
    '^1.2.3.4',
    '^16_alpine',
    '^16 ||',
    '',
  ])('%j is not a range', (text) => {
    expect(parseTagRange(text)).toBeUndefined();
  });
});
