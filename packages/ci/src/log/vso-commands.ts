import type { LogCommands } from '../ci-system.ts';

/** @see https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands */
export const vsoCommands: LogCommands = {
  openGroup: ({ title }) => `##[group]${oneLine(title)}\n`,
  closeGroup: () => '##[endgroup]\n',
  // There are two levels.
  annotate: (level, text) =>
    level === 'notice' ? `${oneLine(text)}\n` : vsoCommand(`task.logissue type=${level}`, text),
  mask: (secret) => vsoCommand('task.setsecret', secret),
};

/** One command; `value` is escaped. */
export function vsoCommand(name: string, value: string): string {
  const escaped = value.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  return `##vso[${name}]${escaped}\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ');
}
