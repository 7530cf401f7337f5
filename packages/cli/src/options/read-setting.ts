import { UsageError, printable } from '@drayage/core';
import type { Setting, SettingMap, SettingText } from './setting.ts';
import { suggestion } from '../suggest.ts';
import { booleanType } from './value-types.ts';

/** Reads a string or a list of strings. @throws UsageError `CONFIG_INVALID` */
export function readTexts(setting: Setting): readonly SettingText[] {
  const items = setting.kind === 'list' ? setting.items : [setting];
  return items.map((item) => {
    if (item.kind === 'text') return item;
    throw invalidSetting(item, 'expected a string or a list of strings');
  });
}

/** Reads one string. @throws UsageError `CONFIG_INVALID` */
export function readText(setting: Setting): SettingText {
  if (setting.kind === 'text') return setting;
  throw invalidSetting(setting, 'expected a string');
}

/** Reads a boolean member of a map; false if absent. @throws UsageError `CONFIG_INVALID` */
export function readFlag(map: SettingMap, name: string): boolean {
  const member = map.members.get(name);
  return member === undefined ? false : readParsed(member, booleanType.parse);
}

/** Parses a text; errors name its place. @throws UsageError */
export function readParsed<Value>(setting: Setting, parse: (text: string) => Value): Value {
  const { text } = readText(setting);
  try {
    return parse(text);
  } catch (error) {
    throw error instanceof UsageError ? at(setting, error) : error;
  }
}

/** Rejects unknown members of a map. @throws UsageError `CONFIG_INVALID` that suggests a correction */
export function checkMembers(map: SettingMap, known: readonly string[]): void {
  for (const [name, member] of map.members) {
    if (known.includes(name)) continue;
    throw invalidSetting(member, `unknown key "${printable(name, 60)}"`, {
      hint: suggestion(name, known, `Use one of ${known.join(', ')}.`),
    });
  }
}

/** An error in a configuration file, with its place. */
export function invalidSetting(
  { place }: Setting,
  reason: string,
  options: { readonly hint?: string | undefined } = {},
): UsageError {
  const message = place === '' ? reason : `${place}: ${reason}`;
  return new UsageError('CONFIG_INVALID', message, { ...options, details: { place } });
}

function at(setting: Setting, error: UsageError): UsageError {
  const { message, hint, details, code } = error;
  const place = setting.place === '' ? '' : `${setting.place}: `;
  return new UsageError(code === 'USAGE' ? 'CONFIG_INVALID' : code, `${place}${message}`, {
    cause: error,
    details: { ...details, place: setting.place },
    hint,
  });
}
