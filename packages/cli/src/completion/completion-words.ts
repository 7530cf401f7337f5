// Not yargs' completion: it starts the program at each TAB, and knows neither fish nor which values are
// files.
import type { CommandSpec } from '../command.ts';
import { commonOptions, optionTable } from '../options/option-table.ts';

/** An option in a completion script. */
export interface CompletionOption {
  /** Without dashes. */
  readonly flag: string;
  readonly summary: string;
  readonly takesValue: boolean;
  /** All values of a closed set; else undefined. */
  readonly choices: readonly string[];
  readonly isPath: boolean;
}

/** The options of a command, including the common ones. */
export function completionOptions({ options }: CommandSpec): readonly CompletionOption[] {
  return [...options, ...commonOptions].flatMap((key) => {
    const { flag, type, summary } = optionTable[key];
    if (flag === undefined) return [];
    const takesValue = type.kind !== 'boolean';
    const choices = takesValue ? (type.choices ?? []) : [];
    return [{ flag, summary, takesValue, choices, isPath: type.isPath === true }];
  });
}

/** A word and its description. */
export type CompletionWord = readonly [word: string, summary: string];

/** The first word of a two-word command, and its second words. */
export interface CompletionGroup {
  readonly name: string;
  readonly words: readonly CompletionWord[];
}

/** Every group of two-word commands. */
export function completionGroups(commands: readonly CommandSpec[]): readonly CompletionGroup[] {
  const pairs = commands.map(({ name, summary }) => [...name.split(' '), summary]);
  const groups = new Map<string, CompletionWord[]>();
  for (const [name = '', word = '', summary] of pairs)
    if (summary !== undefined) groups.set(name, [...(groups.get(name) ?? []), [word, summary]]);
  return [...groups].map(([name, words]) => ({ name, words }));
}

/** Every possible first word. */
export function firstWords(commands: readonly CommandSpec[]): readonly CompletionWord[] {
  return [
    ...commands.flatMap(({ name, summary }): CompletionWord[] =>
      name.includes(' ') ? [] : [[name, summary]],
    ),
    ...completionGroups(commands).map(({ name, words }): CompletionWord => [name, wordsOf(words).join(', ')]),
  ];
}

/** The words without their descriptions. */
export function wordsOf(words: readonly CompletionWord[]): readonly string[] {
  return words.map(([word]) => word);
}
