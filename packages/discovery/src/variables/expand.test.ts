import { describe, expect, test } from '@jest/globals';
import { createWorkMeter } from '../work-meter.ts';
import * as expansion from './expand.ts';
import { fallbackOperators, type Dialect, type Expansion, type Lookup } from './expand.ts';
import { recordLookup } from './record-lookup.ts';

const compose: Dialect = {
  dollarEscapes: true,
  unquotes: false,
  operators: fallbackOperators,
  isStrict: true,
  hint: (name) => `Set ${name}.`,
};
const dockerfile: Dialect = {
  ...compose,
  dollarEscapes: false,
  escape: '\\',
  unquotes: true,
  operators: [...fallbackOperators, '##', '#', '%%', '%', '//', '/'],
  isStrict: false,
};
function expand(text: string, dialect: Dialect, values: Lookup): Expansion {
  const work = { meter: createWorkMeter(String), place: { file: 'file', line: 1 } };
  return expansion.expand(text, dialect, values, work);
}

const plain: Dialect = { ...compose, operators: [], isStrict: false };

const lookup: Lookup = recordLookup({ SET: 'value', EMPTY: '', V: '1.2.3-rc.1', PATH: 'a/b/c' });

describe('variable expansion', () => {
  test.each([
    ['nothing here', 'nothing here'],
    ['$SET-${SET}', 'value-value'],
    ['${SET:-x}${SET-x}', 'valuevalue'],
    ['${EMPTY:-x}|${EMPTY-x}', 'x|'],
    ['${NO:-x}|${NO-y}|${NO:-}', 'x|y|'],
    ['${SET:+x}|${EMPTY:+x}|${EMPTY+y}|${NO+z}', 'x||y|'],
    ['${SET:?m}${EMPTY?m}', 'value'],
    ['${NO:-${ALSO_NO:-${SET}}}', 'value'],
    ['${NO:-a}b}', 'ab}'],
    ['$$SET $${SET} $$$SET', '$SET ${SET} $value'],
  ])('compose reads %j as %j', (text, expected) => {
    expect(expand(text, compose, lookup)).toMatchObject({ text: expected, issues: [] });
  });

  test.each([
    ["'$SET'", '$SET'],
    ['"$SET"x', 'valuex'],
    ['\\$SET', '$SET'],
    ['${V%-*}', '1.2.3'],
    ['${V%%.*}', '1'],
    ['${V#*.}', '2.3-rc.1'],
    ['${V##*.}', '1'],
    ['${V/./-}', '1-2.3-rc.1'],
    ['${V//./-}', '1-2-3-rc-1'],
    ['${PATH//\\//_}', 'a_b_c'],
    ['${V#nothing}${V%?}', '1.2.3-rc.11.2.3-rc.'],
    ['100$', '100$'],
  ])('a Dockerfile reads %j as %j', (text, expected) => {
    expect(expand(text, dockerfile, lookup)).toMatchObject({ text: expected, issues: [] });
  });

  test.each([
    ['$SET/${SET}', 'value/value'],
    ['$$SET', '$SET'],
    ['${SET:-x}', '${SET:-x}'],
    ['%SET%', '%SET%'],
  ])('a dialect without operators reads %j as %j', (text, expected) => {
    expect(expand(text, plain, lookup).text).toBe(expected);
  });

  test('a variable that is not set becomes nothing, and a warning that names it', () => {
    const { text, issues } = expand('a${NO}b$ALSO_NO', compose, lookup);
    expect(text).toBe('ab');
    expect(issues.map(({ severity, reason }) => [severity, /"(\w+)"/.exec(reason)?.[1]])).toEqual([
      ['warning', 'NO'],
      ['warning', 'ALSO_NO'],
    ]);
  });

  test('a required variable that is not set is an error with its message', () => {
    const { issues } = expand('${NO:?tell $SET}', compose, lookup);
    expect(issues).toMatchObject([{ severity: 'error' }]);
    expect(issues[0]?.reason).toContain('tell value');
  });

  test.each(['${}', '${1}', '$', '${SET', '${SET^}', '$-'])('compose refuses %j', (text) => {
    expect(expand(text, compose, lookup).issues).toMatchObject([{ severity: 'error' }]);
  });

  test('what a default that is not needed holds does not matter', () => {
    expect(expand('${SET:-${NO:?x}}', compose, lookup).issues).toEqual([]);
  });

  test('all names that were looked up are listed, nested ones included', () => {
    const nested: Lookup = (name) => (name === 'OUTER' ? { text: 'x', used: ['INNER'] } : undefined);
    expect([...expand('$OUTER${NO-}', compose, nested).used].sort()).toEqual(['INNER', 'NO', 'OUTER']);
  });

  test('text that nests without end is not a variable', () => {
    const text = '${A:-'.repeat(100_000);
    expect(expand(text, plain, lookup).text).toBe(text);
    expect(expand(text, compose, lookup).issues[0]?.severity).toBe('error');
  });

  test('what objects inherit is not a variable', () => {
    expect(expand('${constructor-none}', compose, lookup).text).toBe('none');
  });
});
