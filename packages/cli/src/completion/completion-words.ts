import { commandGroups, commands } from '../commands/commands.ts';
import type { CommandSpec } from '../commands/command.ts';
import { commonOptions, optionTable } from '../options/option-table.ts';

/** One option, as completion scripts need it. */
export interface CompletionOption {
  /** Without dashes. */
  readonly flag: string;
  readonly summary: string;
  readonly takesValue: boolean;
  /** Every value there is, where they can be counted. */
  readonly choices: readonly string[];
  readonly isPath: boolean;
}

/** The options of a command, also those that every command has. */
export function completionOptions({ options }: CommandSpec): readonly CompletionOption[] {
  return [...options, ...commonOptions].flatMap((key) => {
    const { flag, type, summary } = optionTable[key];
    if (flag === undefined) return [];
    const takesValue = type.kind !== 'boolean';
    const choices = takesValue ? (type.choices ?? []) : [];
    return [{ flag, summary, takesValue, choices, isPath: type.isPath === true }];
  });
}

/** The words that can come first, with what they mean. */
export const firstWords: readonly (readonly [string, string])[] = [
  ...commands.filter(({ name }) => !name.includes(' ')).map(({ name, summary }) => [name, summary] as const),
  ...commandGroups.map(
    (group) =>
      [
        group,
        secondWords(group)
          .map(([word]) => word)
          .join(', '),
      ] as const,
  ),
];

/** The words that can follow a group, with what they mean. */
export function secondWords(group: string): readonly (readonly [string, string])[] {
  return commands
    .filter(({ name }) => name.startsWith(`${group} `))
    .map(({ name, summary }) => [name.slice(group.length + 1), summary] as const);
}

/** `text` as one word of a shell, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
