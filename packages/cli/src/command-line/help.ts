import { commandGroups, commands } from '../commands/commands.ts';
import type { CommandSpec } from '../command.ts';
import { commonOptions, optionTable } from '../options/option-table.ts';
import { defaultText, type OptionKey } from '../options/option.ts';
import { formatColumns, wrap } from '../output/columns.ts';

const width = 100;

/** The usage text of the program, of a group or of a command. */
export function helpText(topic: string | undefined): string {
  const command = commands.find(({ name }) => name === topic);
  return `${(command === undefined ? overview(topic) : commandHelp(command)).join('\n')}\n`;
}

/** `dray load [OPTION…]`. */
function usageLine({ name, argument }: CommandSpec): string {
  const words = argument === undefined ? '' : ` [${argument.name}${argument.isVariadic ? '…' : ''}]`;
  return `dray ${name}${words} [OPTION…]`;
}

function overview(group: string | undefined): readonly string[] {
  const listed = commands.filter(({ name }) => group === undefined || name.startsWith(`${group} `));
  const rows = listed.map(({ name, summary }) => [`  dray ${name}`, summary]);
  const isGroup = group !== undefined && commandGroups.includes(group);
  return [
    ...(isGroup ? [] : ['Container images on the node that needs them, before it needs them.', '']),
    `Usage: dray ${isGroup ? `${group} ` : ''}COMMAND [OPTION…]`,
    '',
    'Commands:',
    ...formatColumns(rows, width),
    '',
    'Run "dray COMMAND --help" for its options. Each has a DRAY_… variable and a key in .dray.yml.',
    'Exit codes: 0 done, or nothing was pre-pulled and the job goes on; 2 wrong usage or configuration;',
    '3 not available; 4 timed out; 70 a bug in drayage.',
  ];
}

function commandHelp(command: CommandSpec): readonly string[] {
  const { argument, options, examples, description } = command;
  return [
    `Usage: ${usageLine(command)}`,
    '',
    ...wrap(description, width),
    '',
    ...(argument === undefined
      ? []
      : ['Arguments:', ...formatColumns([[`  ${argument.name}`, argument.summary]], width), '']),
    'Options:',
    ...formatColumns(
      [...[...options, ...commonOptions].flatMap(optionRow), ['  -h, --help', 'show this text']],
      width,
    ),
    '',
    'Examples:',
    ...formatColumns(
      examples.map(({ line, summary }) => [`  ${line}`, summary]),
      width,
    ),
  ];
}

function optionRow(key: OptionKey): readonly (readonly [string, string])[] {
  const { flag, env, type, summary } = optionTable[key];
  if (flag === undefined) return [];
  const isOn = optionTable[key].default === true;
  const value = type.bare === undefined ? type.placeholder : `[${type.placeholder ?? ''}]`;
  // An option that is on by default is given to turn it off.
  const names = `  --${flag}${value === undefined ? '' : ` ${value}`}${isOn ? `, --no-${flag}` : ''}`;
  const standard = defaultText(optionTable[key]);
  return [[names, `${summary} (${env}${standard === undefined ? '' : `; default ${standard}`})`]];
}
