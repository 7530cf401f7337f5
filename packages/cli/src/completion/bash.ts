import type { CommandSpec } from '../command.ts';
import { completionGroups, completionOptions, firstWords, wordsOf } from './completion-words.ts';

/** A completion script for bash 4 and newer. Completion starts no program. */
export function bashScript(commands: readonly CommandSpec[]): string {
  const groups = completionGroups(commands);
  return `# bash completion for dray
_dray() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]:-}"
  local words=''
  COMPREPLY=()
  case "$command" in
${indent(
  groups.map(({ name }) => `${name}) command="$command \${COMP_WORDS[2]:-}" ;;`),
  4,
)}
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then
    words='${wordsOf(firstWords(commands)).join(' ')} --help --version'
  else
    case "$command $COMP_CWORD" in
${indent(
  groups.map(({ name, words }) => `'${name} '*' 2') words='${wordsOf(words).join(' ')}' ;;`),
  6,
)}
    esac
  fi
  if [[ -z $words ]]; then
    case "$command $previous" in
${indent(commands.flatMap(valueCases), 6)}
    esac
    case "$command" in
${indent(commands.map(commandCase), 6)}
    esac
  fi
  local word
  while IFS='' read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
}
complete -o default -F _dray dray
`;
}

/** Completes the value of an option. An empty answer makes bash complete file names (-o default). */
function valueCases(command: CommandSpec): readonly string[] {
  return completionOptions(command)
    .filter(({ takesValue }) => takesValue)
    .map(({ flag, choices }) => {
      const answer =
        choices.length === 0
          ? ''
          : `mapfile -t COMPREPLY < <(compgen -W '${choices.join(' ')}' -- "$current"); `;
      return `'${command.name} --${flag}') ${answer}return ;;`;
    });
}

function commandCase(command: CommandSpec): string {
  const flags = completionOptions(command).map(({ flag }) => `--${flag}`);
  const choices = command.argument?.choices ?? [];
  // No answer makes bash complete file names, here for an argument.
  const options = `[[ $current == -* ]] && words='${[...flags, '--help'].join(' ')}'`;
  return `'${command.name}') ${choices.length === 0 ? '' : `words='${choices.join(' ')}'; `}${options} ;;`;
}

function indent(lines: readonly string[], spaces: number): string {
  return lines.map((line) => `${' '.repeat(spaces)}${line}`).join('\n');
}
