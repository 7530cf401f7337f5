import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';

import {
  brokenLinks,
  strayOptions,
  unknownOptions,
  type CommandOptions,
  type Pages,
} from './support/docs-check.ts';
import { dray } from './support/dray.ts';
import { readMarkdown } from './support/markdown.ts';

const repository = fileURLToPath(new URL('../', import.meta.url));

/** Options of docker, npm, git and others that pages and hints name without their program. */
const optionsOfOthers = ['--cap-add', '--node', '--output', '--privileged', '--volume'];

/** What a release had then may be gone now. */
const isHistory = (path: string): boolean => path === 'CHANGELOG.md';

describe('the documentation', () => {
  const pages = readPages(filesBelow(repository, '.md'));
  const current: Pages = new Map([...pages].filter(([path]) => !isHistory(path)));
  let commands: CommandOptions;
  let known: ReadonlySet<string>;

  beforeAll(async () => {
    commands = await commandOptions();
    known = new Set([...optionsOfOthers, ...[...commands.values()].flatMap((options) => [...options])]);
  });

  test('is found, and so are the commands', () => {
    expect([...pages.keys()]).toEqual(expect.arrayContaining(['README.md', 'docs/errors.md']));
    expect(commands.get('load')?.has('--strict')).toBe(true);
  });

  test('links to files and headings that there are', () => {
    expect(brokenLinks(pages, (path) => existsSync(join(repository, path)))).toEqual([]);
  });

  test('shows commands and options that there are', () => {
    expect(unknownOptions(current, commands)).toEqual([]);
  });

  test('names options that a command has', () => {
    const inline = [...current.values()].flatMap(({ code }) => code.filter((text) => text.startsWith('--')));
    expect(strayOptions(inline, known)).toEqual([]);
  });

  test('and the hints of errors name options that a command has', () => {
    const sources = filesBelow(join(repository, 'packages'), '.ts').filter(
      (path) => !path.endsWith('.test.ts'),
    );
    const hints = sources.flatMap((path) => hintsIn(readFileSync(path, 'utf8')));
    expect(hints.length).toBeGreaterThan(10);
    expect(strayOptions(hints, known)).toEqual([]);
  });
});

describe('the check of the documentation finds', () => {
  const page = [
    '# One `heading`, twice',
    '[good](#one-heading-twice) [bad](#none) [file](here.md) [gone](gone.md#x) [web](https://example.com)',
    '`dray load --strict` `dray load --wrong` `dray gone` `dray engine start|halt`',
    '```sh',
    'docker run --wrong dray; dray load \\',
    '  --missing 1 | jq --raw # dray load --comment',
    '```',
  ].join('\n');
  const pages: Pages = new Map([['docs/page.md', readMarkdown(page)]]);
  const commands: CommandOptions = new Map([
    ['load', new Set(['--strict'])],
    ['engine start', new Set<string>()],
  ]);

  test('links that lead nowhere', () => {
    const exists = (path: string): boolean => ['docs/page.md', 'docs/here.md'].includes(path);
    expect(brokenLinks(pages, exists)).toEqual(['docs/page.md: #none', 'docs/page.md: gone.md#x']);
  });

  test('commands and options that there are not', () => {
    expect(unknownOptions(pages, commands)).toEqual([
      'docs/page.md: dray load --wrong',
      'docs/page.md: dray gone',
      'docs/page.md: dray engine halt',
      'docs/page.md: dray load --missing',
      'docs/page.md: dray load --comment',
    ]);
  });

  test('options without a command that no command has', () => {
    expect(strayOptions(['Name it with --containerd.', '--strict'], new Set(['--strict']))).toEqual([
      '--containerd',
    ]);
  });

  test('hints in code', () => {
    expect(hintsIn("fail({ hint: 'Use --one.' }); fail({ hint: `Use ${x} --two` });")).toEqual([
      'Use --one.',
      'Use ${x} --two',
    ]);
  });
});

function readPages(files: readonly string[]): Pages {
  return new Map(files.map((file) => [relative(repository, file), readMarkdown(readFileSync(file, 'utf8'))]));
}

/** Of the repository itself: nothing that is installed or built. */
function filesBelow(folder: string, ending: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return entry.name.endsWith(ending) ? [path] : [];
    return entry.name.startsWith('.') || ['node_modules', 'dist', 'fixtures'].includes(entry.name)
      ? []
      : filesBelow(path, ending);
  });
}

function hintsIn(source: string): readonly string[] {
  return [...source.matchAll(/\bhint: (['"`])((?:(?!\1).)*)\1/g)].map(([, , text = '']) => text);
}

/** As the help of the built command lists them. */
async function commandOptions(): Promise<CommandOptions> {
  const { stdout } = await dray(['--help']);
  const names = [...stdout.matchAll(/^ {2}dray ([a-z]+(?: [a-z]+)?) {2,}/gm)].map(([, name = '']) => name);
  const options = new Map<string, ReadonlySet<string>>();
  for (const name of names) {
    const help = await dray([...name.split(' '), '--help']);
    const rows = help.stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z][a-z0-9-]*)(?:, (--no-[a-z-]+))?/gm);
    const flags = [...rows].flatMap(([, flag, negated]) => [flag, negated]);
    options.set(name, new Set(flags.filter((flag) => flag !== undefined)));
  }
  return options;
}
