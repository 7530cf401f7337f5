import { commandGroups, commands } from '../commands/commands.ts';
import { completionOptions, firstWords, secondWords } from './completion-words.ts';

/** A completion script for bash 4 and newer; it starts no program when a word is completed. */
export function bashScript(): string {
  return `# bash completion for dray
_dray() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]:-}"
  local words=''
  COMPREPLY=()
  case "$command" in
${indent(
  commandGroups.map((group) => `${group}) command="$command \${COMP_WORDS[2]:-}" ;;`),
  4,
)}
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then
    words='${firstWords.map(([word]) => word).join(' ')} --help --version'
  else
    case "$command $COMP_CWORD" in
${indent(
  commandGroups.map((group) => `'${group} '*' 2') words='${wordsOf(secondWords(group))}' ;;`),
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

/** What can follow an option that takes a value. An empty answer leaves it to file names (-o default). */
function valueCases(command: (typeof commands)[number]): readonly string[] {
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

function commandCase(command: (typeof commands)[number]): string {
  const flags = completionOptions(command).map(({ flag }) => `--${flag}`);
  const choices = command.argument?.choices ?? [];
  // Where an argument can stand, no answer leaves it to file names too.
  const options = `[[ $current == -* ]] && words='${[...flags, '--help'].join(' ')}'`;
  return `'${command.name}') ${choices.length === 0 ? '' : `words='${choices.join(' ')}'; `}${options} ;;`;
}

function wordsOf(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([word]) => word).join(' ');
}

function indent(lines: readonly string[], spaces: number): string {
  return lines.map((line) => `${' '.repeat(spaces)}${line}`).join('\n');
}
