import { shellQuote } from '@drayage/host';
import type { CommandSpec } from '../command.ts';
import { completionGroups, completionOptions, firstWords, wordsOf } from './completion-words.ts';
import type { CompletionGroup, CompletionOption } from './completion-words.ts';

/** A completion script for fish. */
export function fishScript(commands: readonly CommandSpec[]): string {
  return [
    '# fish completion for dray',
    'complete -c dray -f',
    ...firstWords(commands).map(
      ([word, summary]) => `complete -c dray -n __fish_use_subcommand -a ${word} -d ${shellQuote(summary)}`,
    ),
    "complete -c dray -n __fish_use_subcommand -l version -d 'show the version'",
    "complete -c dray -s h -l help -d 'show the usage text'",
    ...completionGroups(commands).flatMap(groupLines),
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

function groupLines({ name, words }: CompletionGroup): readonly string[] {
  const isOpen = shellQuote(
    `__fish_seen_subcommand_from ${name}; and not __fish_seen_subcommand_from ${wordsOf(words).join(' ')}`,
  );
  return words.map(([word, summary]) => `complete -c dray -n ${isOpen} -a ${word} -d ${shellQuote(summary)}`);
}

function optionLine(
  command: CommandSpec,
  { flag, summary, takesValue, choices, isPath }: CompletionOption,
): string {
  const answers = isPath
    ? ' -r -F'
    : ` -x${choices.length === 0 ? '' : ` -a ${shellQuote(choices.join(' '))}`}`;
  const value = takesValue ? answers : '';
  return `complete -c dray -n ${condition(command)} -l ${flag}${value} -d ${shellQuote(summary)}`;
}

function condition({ name }: CommandSpec): string {
  return shellQuote(
    name
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and '),
  );
}
