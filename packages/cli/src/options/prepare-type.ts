import type { Setting, SettingMap } from './setting.ts';
import { parseDuration } from './duration.ts';
import type { PrepareCommand } from './option.ts';
import type { OptionType } from './option-type.ts';
import { checkMembers, invalidSetting, readFlag, readParsed, readText } from './read-setting.ts';

const defaultTimeoutMs = 300_000;

/**
 * Shell commands: each a string, or a map with a time limit and other settings. In a variable, one per line.
 */
export const prepareType: OptionType<readonly PrepareCommand[]> = {
  kind: 'list',
  placeholder: 'COMMAND',
  parse: (text) => lines(text).map((run) => plainCommand(run, undefined)),
  read(setting, { dir }) {
    if (setting.kind === 'text' && dir === undefined)
      return lines(setting.text).map((run) => plainCommand(run, dir));
    return (setting.kind === 'list' ? setting.items : [setting]).flatMap((item) => readCommand(item, dir));
  },
};

function readCommand(setting: Setting, dir: string | undefined): readonly PrepareCommand[] {
  if (setting.kind === 'map') return [readEntry(setting, dir)];
  if (setting.kind === 'list') throw invalidSetting(setting, 'expected a command, got a list');
  return setting.text.trim() === '' ? [] : [plainCommand(setting.text, dir)];
}

function readEntry(map: SettingMap, dir: string | undefined): PrepareCommand {
  checkMembers(map, ['run', 'timeout', 'optional', 'name']);
  const [run, timeout, name] = ['run', 'timeout', 'name'].map((member) => map.members.get(member));
  if (run === undefined || readText(run).text.trim() === '') {
    throw invalidSetting(map, 'the command is missing', { hint: 'Write "run: COMMAND" in it.' });
  }
  const timeoutMs = timeout === undefined ? defaultTimeoutMs : readParsed(timeout, parseDuration);
  return {
    run: readText(run).text,
    name: name === undefined ? undefined : readText(name).text,
    timeoutMs,
    optional: readFlag(map, 'optional'),
    dir,
  };
}

function plainCommand(run: string, dir: string | undefined): PrepareCommand {
  return { run, name: undefined, timeoutMs: defaultTimeoutMs, optional: false, dir };
}

function lines(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}
