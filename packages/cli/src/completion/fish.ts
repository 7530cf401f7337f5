import { commandGroups, commands } from '../commands/commands.ts';
import type { CommandSpec } from '../commands/command.ts';
import { completionOptions, firstWords, quoted, secondWords } from './completion-words.ts';
import type { CompletionOption } from './completion-words.ts';

/** A completion script for fish. */
export function fishScript(): string {
  return [
    '# fish completion for dray',
    'complete -c dray -f',
    ...firstWords.map(
      ([word, summary]) => `complete -c dray -n __fish_use_subcommand -a ${word} -d ${quoted(summary)}`,
    ),
    "complete -c dray -n __fish_use_subcommand -l version -d 'show the version'",
    "complete -c dray -s h -l help -d 'show the usage text'",
    ...commandGroups.flatMap(groupLines),
    ...commands.flatMap((command) => [
      ...(command.argument?.choices ?? []).map(
        (choice) => `complete -c dray -n ${condition(command)} -a ${choice}`,
      ),
      ...(command.argument?.key === 'bundle' ? [`complete -c dray -n ${condition(command)} -F`] : []),
      ...completionOptions(command).map((option) => optionLine(command, option)),
    ]),
    '',
  ].join('\n');
}

function groupLines(group: string): readonly string[] {
  const words = secondWords(group);
  const isOpen = quoted(
    `__fish_seen_subcommand_from ${group}; and not __fish_seen_subcommand_from ${words.map(([word]) => word).join(' ')}`,
  );
  return words.map(([word, summary]) => `complete -c dray -n ${isOpen} -a ${word} -d ${quoted(summary)}`);
}

function optionLine(
  command: CommandSpec,
  { flag, summary, takesValue, choices, isPath }: CompletionOption,
): string {
  const answers = isPath ? ' -r -F' : ` -x${choices.length === 0 ? '' : ` -a ${quoted(choices.join(' '))}`}`;
  const value = takesValue ? answers : '';
  return `complete -c dray -n ${condition(command)} -l ${flag}${value} -d ${quoted(summary)}`;
}

function condition({ name }: CommandSpec): string {
  return quoted(
    name
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and '),
  );
}
