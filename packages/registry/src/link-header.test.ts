import { describe, expect, test } from '@jest/globals';
import { nextLink } from './link-header.ts';

describe('the next page in a Link header', () => {
  test.each([
    ['</v2/app/tags/list?n=2&last=b>; rel="next"', '/v2/app/tags/list?n=2&last=b'],
    ['<https://r.test/x?a=1,2>; rel=next', 'https://r.test/x?a=1,2'],
    ['<first>; rel="first", <second>; title="a, b; c"; rel="prev next"', 'second'],
    ['<a>;rel="next"; x=y', 'a'],
    ['<a>; REL="Next"', 'a'],
    ['<a>; rel="nextish"', undefined],
    ['<a>; title="rel=next"', undefined],
    ['a; rel="next"', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s', (header, link) => {
    expect(nextLink(header)).toBe(link);
  });
});
