import { describe, expect, test } from '@jest/globals';
import { parseConfigFile, type ConfigFile } from './parse-config-file.ts';
import type { Setting } from '../options/setting.ts';
import { configKeys } from './resolve-config.ts';

function parse(text: string, path = '/repo/.dray.yml'): ConfigFile {
  return parseConfigFile({ path, text }, { label: path.slice('/repo/'.length), keys: configKeys });
}

/** The texts of a setting, at any depth, with their places. */
function flat(setting: Setting | undefined): readonly string[] {
  switch (setting?.kind) {
    case undefined:
      return [];
    case 'text':
      return [`${setting.place} = ${setting.text}`];
    case 'list':
      return setting.items.flatMap(flat);
    case 'map':
      return [...setting.members.values()].flatMap(flat);
  }
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
  test('is a map of texts and lists', () => {
    const { entries, dir } = parse(
      'images:\n  - redis:7\n  - a/b@x\nbundle: out # here\nconcurrency: 3\nstrict: true\n',
    );
    expect(dir).toBe('/repo');
    expect(entries.get('images')).toMatchObject({ kind: 'list', place: '.dray.yml:1: images' });
    expect(flat(entries.get('images'))).toEqual([
      '.dray.yml:2: images = redis:7',
      '.dray.yml:3: images = a/b@x',
    ]);
    expect(entries.get('bundle')).toEqual({ kind: 'text', place: '.dray.yml:4: bundle', text: 'out' });
    expect([...flat(entries.get('concurrency')), ...flat(entries.get('strict'))]).toEqual([
      '.dray.yml:5: concurrency = 3',
      '.dray.yml:6: strict = true',
    ]);
  });

  test('keeps values as they are written', () => {
    expect(parse('pipeline: 1.10').entries.get('pipeline')).toMatchObject({ text: '1.10' });
    expect(parse('pipeline: 0x10').entries.get('pipeline')).toMatchObject({ text: '0x10' });
  });

  test('may use anchors', () => {
    const { entries } = parse('images: &all [a, b]\nloadOnly: *all\n');
    expect(flat(entries.get('loadOnly')).map((text) => text.at(-1))).toEqual(['a', 'b']);
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
      kind: 'list',
      items: [{ kind: 'text', place: 'package.json:4: dray.images', text: 'redis:7' }],
    });
  });

  test('may have maps, in which every text has its place', () => {
    const { entries } = parse('images:\n  - image: app\n    tags: [a,\n      b]\nmirrors:\n  docker.io: x\n');
    expect(flat(entries.get('images'))).toEqual([
      '.dray.yml:2: images.image = app',
      '.dray.yml:3: images.tags = a',
      '.dray.yml:4: images.tags = b',
    ]);
    expect(flat(entries.get('mirrors'))).toEqual(['.dray.yml:6: mirrors.docker.io = x']);
  });

  test('names line and key of an unknown key, with a suggestion', () => {
    expect(problem('bundle: x\nconcurency: 3\n')).toEqual(invalid('.dray.yml:2: ', 'concurency'));
    expect(problem('concurency: 3\n')).toMatchObject({ hint: expect.stringContaining('concurrency') });
    expect(problem('{"dray": {"prepul": 1}}', '/repo/package.json')).toEqual(
      invalid('package.json:1: ', 'dray.prepul'),
    );
  });

  test.each([
    ['images: &all [*all]', '.dray.yml:1: images'],
    ['\nimages:\n  - a\n  -\n', '.dray.yml:2: images'],
    ['just text', '.dray.yml:1: '],
    ['- a\n- b\n', '.dray.yml:1: '],
    ['a: b: c\n', '.dray.yml:1'],
    ['bundle: "x\n', '.dray.yml:'],
    ['bundle: a\nbundle: b\n', '.dray.yml:2'],
    ['bundle: *nowhere\n', '.dray.yml:1'],
  ])('that is invalid says where: %j', (text, place) => {
    expect(problem(text)).toEqual(invalid(place));
  });

  test('whose aliases multiply, or which nests without end, is an error that names the line', () => {
    const levels = Array.from({ length: 8 }, (_, level) => {
      const below = level === 0 ? 'x' : `*a${String(level - 1)}`;
      return `  - &a${String(level)} [${Array(10).fill(below).join(', ')}]`;
    });
    expect(problem(`images:\n${levels.join('\n')}\n`)).toEqual(invalid('.dray.yml:2', '20000 values'));
    const nested = `images: ${'['.repeat(200)}x${']'.repeat(200)}\n`;
    expect(problem(nested)).toEqual(invalid('.dray.yml:1', '50 levels'));
  });
});
