import { describe, expect, test } from '@jest/globals';
import { parseConfigFile } from './parse-config-file.ts';
import type { ConfigFile } from './parse-config-file.ts';
import { configKeys } from './resolve-config.ts';

function parse(text: string, path = '/repo/.dray.yml'): ConfigFile {
  return parseConfigFile({ path, text }, { label: path.slice('/repo/'.length), keys: configKeys });
}

function problem(text: string, path?: string): unknown {
  try {
    parse(text, path);
    return undefined;
  } catch (error) {
    return error;
  }
}

function invalid(...parts: string[]): unknown {
  return expect.objectContaining({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(
      new RegExp(parts.map((part) => part.replaceAll('.', String.raw`\.`)).join('.*')),
    ),
  });
}

describe('a configuration file', () => {
  test('is a flat map of texts and lists', () => {
    const { entries, dir } = parse(
      'images:\n  - redis:7\n  - a/b@x\nbundle: out # here\nconcurrency: 3\nstrict: true\n',
    );
    expect(dir).toBe('/repo');
    expect(entries.get('images')).toEqual({
      place: '.dray.yml:1: images',
      texts: ['redis:7', 'a/b@x'],
      isList: true,
    });
    expect(entries.get('bundle')).toEqual({ place: '.dray.yml:4: bundle', texts: ['out'], isList: false });
    expect([entries.get('concurrency')?.texts, entries.get('strict')?.texts]).toEqual([['3'], ['true']]);
  });

  test('keeps values as they are written', () => {
    expect(parse('pipeline: 1.10').entries.get('pipeline')?.texts).toEqual(['1.10']);
    expect(parse('pipeline: 0x10').entries.get('pipeline')?.texts).toEqual(['0x10']);
  });

  test('may use anchors', () => {
    expect(parse('images: &all [a, b]\nonly: *all\n').entries.get('only')?.texts).toEqual(['a', 'b']);
  });

  test.each(['', '# nothing\n', '---\n', 'handover:\n', 'handover: ~\n', '{}'])(
    'may say nothing: %j',
    (text) => {
      expect(parse(text).entries.size).toBe(0);
    },
  );

  test('may be package.json, where the settings are below "dray"', () => {
    const text = '{\n  "name": "x",\n  "dray": {\n    "images": ["redis:7"]\n  }\n}\n';
    const { entries } = parse(text, '/repo/package.json');
    expect(entries.get('images')).toEqual({
      place: 'package.json:4: dray.images',
      texts: ['redis:7'],
      isList: true,
    });
  });

  test('names line and key of what it does not know, and what may be meant', () => {
    expect(problem('bundle: x\nconcurency: 3\n')).toEqual(invalid('.dray.yml:2: ', 'concurency'));
    expect(problem('concurency: 3\n')).toMatchObject({ hint: expect.stringContaining('concurrency') });
    expect(problem('{"dray": {"prepul": 1}}', '/repo/package.json')).toEqual(
      invalid('package.json:1: ', 'dray.prepul'),
    );
  });

  test.each([
    ['images: {a: b}', '.dray.yml:1: images'],
    ['images: [[a]]', '.dray.yml:1: images'],
    ['\nimages:\n  - a\n  -\n', '.dray.yml:2: images'],
    ['just text', '.dray.yml:1: '],
    ['- a\n- b\n', '.dray.yml:1: '],
    ['a: b: c\n', '.dray.yml:1'],
    ['bundle: "x\n', '.dray.yml:'],
    ['bundle: a\nbundle: b\n', '.dray.yml:2'],
    ['bundle: *nowhere\n', '.dray.yml:1'],
  ])('that is none says where: %j', (text, place) => {
    expect(problem(text)).toEqual(invalid(place));
  });
});
