import { posix } from 'node:path';

import type { MarkdownPage } from './markdown.ts';

/** Pages by their paths in the repository. */
export type Pages = ReadonlyMap<string, MarkdownPage>;

/** The options of each command, such as `engine start`, with their dashes. */
export type CommandOptions = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Lists the relative links that lead to no file, or to no heading of a page. `exists` takes a path in the
 * repository.
 */
export function brokenLinks(pages: Pages, exists: (path: string) => boolean): readonly string[] {
  return [...pages].flatMap(([path, { links }]) =>
    links
      .filter((link) => isRelative(link) && !leadsSomewhere(path, link, pages, exists))
      .map((link) => `${path}: ${link}`),
  );
}

/** Lists the commands and options of `dray` in code that there are not. */
export function unknownOptions(pages: Pages, commands: CommandOptions): readonly string[] {
  return [...pages].flatMap(([path, { code }]) =>
    code.flatMap((text) => mistakesIn(text, commands)).map((mistake) => `${path}: ${mistake}`),
  );
}

/** Lists the options in inline code without a command, and in other texts, that no command has. */
export function strayOptions(texts: readonly string[], known: ReadonlySet<string>): readonly string[] {
  const named = texts.flatMap((text) =>
    [...text.matchAll(/(?<![\w-])--[a-z][a-z0-9-]*/g)].map(([flag]) => flag),
  );
  return [...new Set(named)].filter((flag) => !known.has(flag));
}

/** A scheme, another host, or a placeholder that rendering fills. */
function isRelative(link: string): boolean {
  return !/^(?:[a-z][a-z0-9+.-]*:|\/\/|%)/i.test(link);
}

function leadsSomewhere(
  page: string,
  link: string,
  pages: Pages,
  exists: (path: string) => boolean,
): boolean {
  const [file = '', fragment] = link.split('#');
  const path = file === '' ? page : posix.join(posix.dirname(page), decodeURI(file));
  if (!exists(path)) return false;
  return fragment === undefined || pages.get(path)?.anchors.has(decodeURIComponent(fragment)) === true;
}

function mistakesIn(code: string, commands: CommandOptions): readonly string[] {
  const lines = code.replaceAll('\\\n', ' ').split(/\n|;|&&|\|\||(?<=\s)[|#]\s/);
  return lines.flatMap((line) => {
    const words = line.split(/[\s"'`()]+/).filter((word) => word !== '');
    const at = words.indexOf('dray');
    return at < 0 ? [] : mistakesOf(words.slice(at + 1), commands);
  });
}

function mistakesOf(words: readonly string[], commands: CommandOptions): readonly string[] {
  const [first] = words;
  if (first === undefined || !/^[a-z]/.test(first)) return [];
  const named = commandsNamed(words);
  const unknown = named.filter((name) => !commands.has(name) && !isGroup(name, commands));
  const options = words
    .filter((word) => /^\[?--[a-z]/.test(word))
    .map((word) => /--[a-z][a-z0-9-]*/.exec(word)?.[0] ?? word);
  const missing = options.flatMap((option) =>
    named.filter((name) => commands.get(name)?.has(option) === false).map((name) => `dray ${name} ${option}`),
  );
  return [...unknown.map((name) => `dray ${name}`), ...missing];

  function commandsNamed([group = '', ...rest]: readonly string[]): readonly string[] {
    if (!isGroup(group, commands)) return group.split('|');
    const [members = ''] = rest;
    return /^[a-z]/.test(members) ? members.split('|').map((member) => `${group} ${member}`) : [group];
  }
}

function isGroup(name: string, commands: CommandOptions): boolean {
  return [...commands.keys()].some((command) => command.startsWith(`${name} `));
}
