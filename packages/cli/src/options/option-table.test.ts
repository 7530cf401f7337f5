import { describe, expect, test } from '@jest/globals';
import { defaultText } from './option.ts';
import { optionKeys, optionTable } from './option-table.ts';

describe('the option table', () => {
  const options = optionKeys.map((key) => ({
    ...{ key, ...optionTable[key] },
    defaultText: defaultText(optionTable[key]),
  }));

  test('has no name twice', () => {
    for (const names of [
      options.map(({ flag }) => flag),
      options.map(({ configKey }) => configKey),
      options.flatMap(({ env, otherEnv }) => [env, ...(otherEnv ?? [])]),
    ]) {
      const given = names.filter((name) => name !== undefined);
      expect(new Set(given).size).toBe(given.length);
    }
  });

  test.each(options)(
    '$key has a variable that is named like its flag, or like itself',
    ({ key, flag, env }) => {
      // DRAY_TAG is the git tag of the run, not the --tag of bake.
      const named = flag === 'tag' ? undefined : flag;
      const name = named ?? key.replaceAll(/[A-Z]/g, (letter) => `-${letter}`);
      expect(env).toBe(`DRAY_${name.toUpperCase().replaceAll('-', '_')}`);
    },
  );

  test.each(options.filter((option) => option.defaultText !== undefined))(
    '$key means its default when the default is written out',
    ({ defaultText: written = '', type, ...option }) => {
      expect(type.parse(written)).toBe(option.default);
    },
  );

  test.each(options)('$key takes every choice that it offers', ({ type }) => {
    for (const choice of type.choices ?? []) expect(() => type.parse(choice)).not.toThrow();
  });

  test.each(options)('$key is described in a fragment of a sentence', ({ summary }) => {
    expect(summary).toMatch(/^[a-zP].*[^.]$/);
  });

  // The orb and the GitLab templates replace these words: their lists are not repeated options.
  test.each(options)('$key says "; may be repeated" at the end or not at all', ({ summary }) => {
    expect(summary.replace(/; may be repeated$/, '')).not.toMatch(/repeated|more than once/);
  });
});
