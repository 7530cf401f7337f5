import { describe, expect, test } from '@jest/globals';
import { isDrayError } from '@drayage/core';
import { expandVariables } from './variables.ts';

const variables = { TAG: '1.2', BRANCH: 'feature/Login', EMPTY: '', SLASHES: '///' };

function failure(text: string): { readonly code: string; readonly message: string } | undefined {
  try {
    expandVariables(text, variables, '.dray.yml:3');
    return undefined;
  } catch (error) {
    return isDrayError(error) ? error : { code: 'not ours', message: String(error) };
  }
}

describe('expanding variables', () => {
  test.each([
    ['redis:7', 'redis:7'],
    ['app:${TAG}', 'app:1.2'],
    ['${TAG}-${TAG}', '1.2-1.2'],
    ['app:${MISSING:-latest}', 'app:latest'],
    ['app:${EMPTY:-latest}', 'app:latest'],
    ['app:${MISSING:-}', 'app:'],
    ['app:${MISSING:-${TAG}}', 'app:1.2'],
    ['app:${MISSING:-${EMPTY:-x}}-y', 'app:x-y'],
    ['app:${TAG:?say which}', 'app:1.2'],
    ['app:${BRANCH|slug}', 'app:feature-login'],
    ['app:${SLASHES|slug:-none}', 'app:none'],
    ['price $5', 'price $5'],
  ])('%s becomes %s', (text, expected) => {
    expect(expandVariables(text, variables, 'here')).toBe(expected);
  });

  test.each([
    ['app:${MISSING}', 'VARIABLE_MISSING', 'MISSING'],
    ['app:${EMPTY}', 'VARIABLE_MISSING', 'EMPTY'],
    ['app:${MISSING:?set it in the project settings}', 'VARIABLE_MISSING', 'set it in the project settings'],
    ['app:${SLASHES|slug}', 'VARIABLE_MISSING', 'SLASHES'],
    ['app:${TAG', 'CONFIG_INVALID', 'is not closed'],
    ['app:${}', 'CONFIG_INVALID', '${}'],
    ['app:${TAG|upper}', 'CONFIG_INVALID', 'TAG|upper'],
    ['app:${1TAG}', 'CONFIG_INVALID', '1TAG'],
  ])('%s fails with %s and names it and the place', (text, code, named) => {
    const error = failure(text);
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(named);
    expect(error?.message).toContain('.dray.yml:3');
  });

  test.each([
    ['a value that is repeated', '${LONG}'.repeat(100), 'LONG'],
    ['a text that is too long itself', 'x'.repeat(70_000), '65536'],
    ['defaults that nest without end', `${'${MISSING:-'.repeat(5000)}x${'}'.repeat(5000)}`, 'deep'],
  ])('%s is an error that names the place and the limit', (_, text, part) => {
    const long = { ...variables, LONG: 'x'.repeat(1000) };
    let error: unknown;
    try {
      expandVariables(text, long, '.dray.yml:3');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(String(error)).toContain('.dray.yml:3');
    expect(String(error)).toContain(part);
  });
});
