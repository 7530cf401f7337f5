import { describe, expect, test } from '@jest/globals';
import { parseGitlabLocation } from './location.ts';

const dayMs = 24 * 3_600_000;

describe('a gitlab:// location', () => {
  test.each([
    ['gitlab://packages', { packageName: 'drayage', keep: { kind: 'age', ms: 7 * dayMs } }],
    ['GITLAB://packages/', { packageName: 'drayage', keep: { kind: 'age', ms: 7 * dayMs } }],
    ['gitlab://packages/e2e.images', { packageName: 'e2e.images', keep: { kind: 'age', ms: 7 * dayMs } }],
    ['gitlab://packages?keep=12h', { packageName: 'drayage', keep: { kind: 'age', ms: dayMs / 2 } }],
    ['gitlab://packages/x?keep=2w', { packageName: 'x', keep: { kind: 'age', ms: 14 * dayMs } }],
    ['gitlab://packages?keep=pipeline', { packageName: 'drayage', keep: { kind: 'pipeline' } }],
  ])('%s', (text, location) => {
    expect(parseGitlabLocation(text)).toEqual(location);
  });

  test.each([
    ['gitlab://artifacts', 'artifacts'],
    ['gitlab://packages/a/b', 'a/b'],
    ['gitlab://packages/.hidden', '.hidden'],
    ['gitlab://packages/a%20b', 'a%20b'],
    ['gitlab://packages?keep=7', 'keep=7'],
    ['gitlab://packages?keep=30m', 'keep=30m'],
    ['gitlab://packages?keep=1d&keep=2d', 'keep'],
    ['gitlab://packages?age=7d', 'age'],
  ])('is refused for %s, naming what is wrong', (text, named) => {
    expect(failureOf(text)).toMatchObject({ code: 'USAGE', message: expect.stringContaining(named) });
  });

  test('holds no token, and no message repeats one', () => {
    const failure = failureOf('gitlab://ci:planted-secret@packages');
    expect(failure).toMatchObject({ code: 'USAGE' });
    expect(String(failure)).not.toContain('planted');
  });
});

function failureOf(text: string): unknown {
  try {
    return parseGitlabLocation(text);
  } catch (error) {
    return error;
  }
}
