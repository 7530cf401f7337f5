import { UsageError, printable } from '@drayage/core';
import yargs from 'yargs';
import type { Argv } from 'yargs';
import { commandGroups, commands } from '../commands/commands.ts';
import type { CommandSpec } from '../command.ts';
import type { GivenOption } from '../config/resolve-config.ts';
import { commonOptions, optionKeys, optionTable } from '../options/option-table.ts';
import type { OptionKey } from '../options/option.ts';
import { suggestion } from '../suggest.ts';

/** A parsed command line. */
export type CommandLine =
  | { readonly kind: 'version' }
  /** `topic`: the command or group to describe; undefined: the whole program. */
  | { readonly kind: 'help'; readonly topic: string | undefined }
  | {
      readonly kind: 'command';
      readonly command: CommandSpec;
      readonly args: readonly string[];
      readonly given: ReadonlyMap<OptionKey, GivenOption>;
    };

/**
 * Parses a command line, but not the values of options.
 * @throws UsageError `USAGE` that names the word and a likely correction
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { words, flags } = splitWords(argv);
  const name = commandName(words);
  if (flags.get('version')?.at(-1) === 'true') return { kind: 'version' };
  if (flags.get('help')?.at(-1) === 'true' || (words.length === 0 && flags.size === 0))
    return { kind: 'help', topic: name };
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) throw unknownCommand(words, name);
  const args = words.slice(command.name.split(' ').length);
  checkArguments(command, args);
  return {
    kind: 'command',
    command,
    args,
    given: new Map([...givenFlags(command, flags), ...givenArguments(command, args)]),
  };
}

interface Words {
  /** Every word that is not an option. */
  readonly words: readonly string[];
  /** By name without dashes; a negated boolean is `false`. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

// yargs splits the words and knows every option of every command. Its own commands are not used: they accept
// a command's options only behind its name, reject unknown options before they see --help, and render a help
// text in every run, which takes a third of the start-up time.
function splitWords(argv: readonly string[]): Words {
  const { _: words, ...rest } = declareFlags(yargs([...argv])).parseSync();
  const flags = Object.entries(rest).flatMap(
    ([name, value]): readonly (readonly [string, readonly string[]])[] => {
      const texts = (Array.isArray(value) ? value : [value]).filter((text) => text !== undefined).map(String);
      return texts.length === 0 || ['$0', 'h'].includes(name) ? [] : [[name, texts]];
    },
  );
  return { words: words.map(String), flags: new Map(flags) };
}

function declareFlags(parser: Argv): Argv {
  const bare = parser
    .help(false)
    .version(false)
    .exitProcess(false)
    .detectLocale(false)
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
    })
    .fail((message: string | null, error: Error | undefined) => {
      throw error instanceof UsageError ? error : valueMissing(message ?? '');
    })
    .option('help', { type: 'boolean', alias: 'h' })
    .option('version', { type: 'boolean' });
  return optionKeys.reduce((declared, key) => {
    const { flag, type } = optionTable[key];
    if (flag === undefined) return declared;
    return type.kind === 'boolean'
      ? declared.option(flag, { type: 'boolean' })
      : declared.option(flag, { type: 'string', ...(type.bare === undefined ? { nargs: 1 } : {}) });
  }, bare);
}

/** The longest prefix of `words` that names a command or a group. */
function commandName(words: readonly string[]): string | undefined {
  const [first, second] = words;
  const names = [...commands.map(({ name }) => name), ...commandGroups];
  return [`${first ?? ''} ${second ?? ''}`, first ?? ''].find((name) => names.includes(name));
}

function givenFlags(
  command: CommandSpec,
  flags: Words['flags'],
): readonly (readonly [OptionKey, GivenOption])[] {
  const keys = [...command.options, ...commonOptions];
  const known = ['help', ...keys.map((key) => optionTable[key].flag).filter((flag) => flag !== undefined)];
  const unknown = [...flags.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownOption(command, unknown, known);
  return keys.flatMap((key): readonly (readonly [OptionKey, GivenOption])[] => {
    const { flag, type } = optionTable[key];
    const texts = flag === undefined ? undefined : flags.get(flag);
    if (texts === undefined) return [];
    // Templates pass --only "$ONLY" even when the variable is empty.
    const isEmptyList = type.kind === 'list' && texts.every((text) => text.trim() === '');
    if (isEmptyList) return [];
    const values =
      type.bare === undefined ? texts : texts.map((text) => (text === '' ? (type.bare ?? '') : text));
    return [[key, { place: `--${flag ?? ''}`, texts: values }]];
  });
}

function givenArguments(
  { argument }: CommandSpec,
  args: readonly string[],
): readonly (readonly [OptionKey, GivenOption])[] {
  return argument?.key === undefined || args.length === 0 ? [] : [[argument.key, { place: '', texts: args }]];
}

function checkArguments({ name, argument }: CommandSpec, args: readonly string[]): void {
  const unwanted = argument === undefined ? args[0] : argument.isVariadic ? undefined : args[1];
  if (unwanted === undefined) return;
  throw new UsageError(
    'USAGE',
    `cannot run dray ${name}: unexpected argument "${printable(unwanted, 100)}"`,
    {
      hint: `Run "dray ${name} --help" to see its arguments.`,
    },
  );
}

function unknownCommand(words: readonly string[], group: string | undefined): UsageError {
  const siblings = commands
    .map(({ name }) => name)
    .filter((name) => group === undefined || name.startsWith(`${group} `));
  if (group === undefined && words.length === 0) {
    return new UsageError('USAGE', 'cannot run dray: no command given', {
      hint: 'Run "dray --help" to see the commands.',
    });
  }
  const meant = words.slice(0, group === undefined ? 1 : 2).join(' ');
  if (meant === group) {
    return new UsageError('USAGE', `cannot run dray ${meant}: the second word of the command is missing`, {
      hint: `The commands are ${siblings.join(', ')}.`,
    });
  }
  const hint = suggestion(
    meant,
    [...siblings, ...(group === undefined ? commandGroups : [])],
    'Run "dray --help" to see the commands.',
  );
  return new UsageError('USAGE', `cannot run dray ${printable(meant, 100)}: unknown command`, {
    hint,
  });
}

function unknownOption({ name }: CommandSpec, unknown: string, known: readonly string[]): UsageError {
  const dashes = unknown.length === 1 ? '-' : '--';
  const otherwise = `Run "dray ${name} --help" to see its options.`;
  const hint = suggestion(
    `--${unknown}`,
    known.map((flag) => `--${flag}`),
    otherwise,
  );
  return new UsageError(
    'USAGE',
    `cannot run dray ${name}: unknown option ${dashes}${printable(unknown, 100)}`,
    { hint },
  );
}

// The only error of yargs itself; its message ends with the option's name.
function valueMissing(message: string): UsageError {
  const flag = /: (\S+)$/.exec(message)?.[1] ?? '';
  return new UsageError('USAGE', `--${printable(flag, 100)}: missing value`, {
    hint: `Write --${printable(flag, 100)} VALUE.`,
  });
}
