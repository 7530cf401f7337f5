import { describe, expect, test } from '@jest/globals';
import { slug } from './slug.ts';

describe('the slug of a branch name', () => {
  test.each([
    ['main', 'main'],
    ['feature/JIRA-123_fix', 'feature-jira-123-fix'],
    ['-edge/', 'edge'],
    ['Grüße', 'gr--e'],
    ['///', ''],
    ['a'.repeat(70), 'a'.repeat(63)],
    [`${'a'.repeat(62)}/b`, 'a'.repeat(62)],
  ])('%s is %s', (branch, expected) => {
    expect(slug(branch)).toBe(expected);
  });
});
