import { shellQuote } from '@drayage/host';
import type { CommandSpec } from '../command.ts';
import { completionGroups, completionOptions, firstWords } from './completion-words.ts';
import type { CompletionGroup, CompletionOption, CompletionWord } from './completion-words.ts';

/** A completion script for zsh: evaluate it, or put it into a directory of `$fpath` as `_dray`. */
export function zshScript(commands: readonly CommandSpec[]): string {
  return `#compdef dray
# zsh completion for dray
_dray() {
  local command="\${words[2]:-}"
  if (( CURRENT == 2 )); then
    local -a first=(${described(firstWords(commands))})
    _describe command first
    return
  fi
  case "$command" in
${completionGroups(commands).map(groupCase).join('\n')}
  esac
  case "$command" in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ "\${funcstack[1]:-}" == _dray ]]; then _dray "$@"; else compdef _dray dray; fi
`;
}

function groupCase({ name, words }: CompletionGroup): string {
  return `    ${name})
      if (( CURRENT == 3 )); then
        local -a second=(${described(words)})
        _describe command second
        return
      fi
      command="$command \${words[3]:-}" ;;`;
}

function commandCase(command: CommandSpec): string {
  const help = shellQuote('(- *)--help[show the usage text]');
  const specs = [...completionOptions(command).map(optionSpec), help, argumentSpec(command)];
  return `    ${shellQuote(command.name)}) _arguments -s ${specs.join(' ')} ;;`;
}

function optionSpec({ flag, summary, takesValue, choices, isPath }: CompletionOption): string {
  const action = isPath ? '_files' : choices.length === 0 ? ' ' : `(${choices.join(' ')})`;
  return shellQuote(`*--${flag}[${escaped(summary)}]${takesValue ? `:${flag}:${action}` : ''}`);
}

function argumentSpec({ argument }: CommandSpec): string {
  // The words of the command count as arguments: zsh offers nothing without a spec for them.
  if (argument === undefined) return shellQuote('*: : ');
  const { key, choices, name } = argument;
  const action = key === 'bundle' ? '_files -/' : choices === undefined ? ' ' : `(${choices.join(' ')})`;
  return shellQuote(`*:${name}:${action}`);
}

function described(words: readonly CompletionWord[]): string {
  return words.map(([word, summary]) => shellQuote(`${word}:${escaped(summary)}`)).join(' ');
}

function escaped(text: string): string {
  return text.replaceAll(/[[\]:]/g, (char) => `\\${char}`);
}
