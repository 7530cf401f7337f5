import { UsageError, printable } from '@drayage/core';
import type { Setting, SettingMap, SettingText } from './setting.ts';
import { suggestion } from '../suggest.ts';
import { booleanType } from './value-types.ts';

/** A text, or each of a list of texts. @throws UsageError `CONFIG_INVALID` */
export function readTexts(setting: Setting): readonly SettingText[] {
  const items = setting.kind === 'list' ? setting.items : [setting];
  return items.map((item) => {
    if (item.kind === 'text') return item;
    throw invalidSetting(item, 'expected a text or a list of texts');
  });
}

/** One text. @throws UsageError `CONFIG_INVALID` */
export function readText(setting: Setting): SettingText {
  if (setting.kind === 'text') return setting;
  throw invalidSetting(setting, 'expected a text');
}

/** What a member of a map says, false without it. @throws UsageError `CONFIG_INVALID` */
export function readFlag(map: SettingMap, name: string): boolean {
  const member = map.members.get(name);
  return member === undefined ? false : readParsed(member, booleanType.parse);
}

/** What `parse` makes of a text, with mistakes told at their place. @throws UsageError */
export function readParsed<Value>(setting: Setting, parse: (text: string) => Value): Value {
  const { text } = readText(setting);
  try {
    return parse(text);
  } catch (error) {
    throw error instanceof UsageError ? at(setting, error) : error;
  }
}

/** Requires that a map has no members but these. @throws UsageError `CONFIG_INVALID` that says what may be meant */
export function checkMembers(map: SettingMap, known: readonly string[]): void {
  for (const [name, member] of map.members) {
    if (known.includes(name)) continue;
    throw invalidSetting(member, `there is no "${printable(name, 60)}" here`, {
      hint: suggestion(name, known, `There can be ${known.join(', ')}.`),
    });
  }
}

/** A mistake in a configuration file, at its place. */
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
