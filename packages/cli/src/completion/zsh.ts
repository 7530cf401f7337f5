import { commandGroups, commands } from '../commands/commands.ts';
import type { CommandSpec } from '../commands/command.ts';
import { completionOptions, firstWords, quoted, secondWords } from './completion-words.ts';
import type { CompletionOption } from './completion-words.ts';

/** A completion script for zsh; it can be evaluated, or put into a directory of `$fpath` as `_dray`. */
export function zshScript(): string {
  return `#compdef dray
# zsh completion for dray
_dray() {
  local command="\${words[2]:-}"
  if (( CURRENT == 2 )); then
    local -a first=(${described(firstWords)})
    _describe command first
    return
  fi
  case "$command" in
${commandGroups.map(groupCase).join('\n')}
  esac
  case "$command" in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ "\${funcstack[1]:-}" == _dray ]]; then _dray "$@"; else compdef _dray dray; fi
`;
}

function groupCase(group: string): string {
  return `    ${group})
      if (( CURRENT == 3 )); then
        local -a second=(${described(secondWords(group))})
        _describe command second
        return
      fi
      command="$command \${words[3]:-}" ;;`;
}

function commandCase(command: CommandSpec): string {
  const help = quoted('(- *)--help[show the usage text]');
  const specs = [...completionOptions(command).map(optionSpec), help, argumentSpec(command)];
  return `    ${quoted(command.name)}) _arguments -s ${specs.join(' ')} ;;`;
}

function optionSpec({ flag, summary, takesValue, choices, isPath }: CompletionOption): string {
  const action = isPath ? '_files' : choices.length === 0 ? ' ' : `(${choices.join(' ')})`;
  return quoted(`*--${flag}[${escaped(summary)}]${takesValue ? `:${flag}:${action}` : ''}`);
}

function argumentSpec({ argument }: CommandSpec): string {
  // The command's own words count as arguments: without any spec zsh would offer nothing at all.
  if (argument === undefined) return quoted('*: : ');
  const { key, choices, name } = argument;
  const action = key === 'bundle' ? '_files -/' : choices === undefined ? ' ' : `(${choices.join(' ')})`;
  return quoted(`*:${name}:${action}`);
}

function described(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([word, summary]) => quoted(`${word}:${escaped(summary)}`)).join(' ');
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]:]/g, (char) => `\\${char}`);
}
