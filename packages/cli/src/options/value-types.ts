import { UsageError, parsePlatform, printable, type Platform } from '@drayage/core';
import { parseDuration } from './duration.ts';
import type { OptionType } from './option-type.ts';

/** Any non-empty text. */
export function textType(placeholder: string): OptionType<string> {
  return { kind: 'string', placeholder, parse: (text) => nonEmpty(text, placeholder) };
}

/** A path, or a URL if the option accepts one. */
export function pathType(placeholder: string): OptionType<string> {
  return { ...textType(placeholder), isPath: true };
}

/** `true` or `false`, in any spelling usual in environment variables. */
export const booleanType: OptionType<boolean> = {
  kind: 'boolean',
  placeholder: undefined,
  choices: ['true', 'false'],
  parse(text) {
    const lower = text.trim().toLowerCase();
    if (['true', '1', 'yes', 'on'].includes(lower)) return true;
    if (['false', '0', 'no', 'off'].includes(lower)) return false;
    throw expected('true or false', text);
  },
};

/** A whole number from `min` to `max`. */
export function wholeNumberType(min: number, max: number): OptionType<number> {
  return {
    kind: 'number',
    placeholder: 'N',
    parse(text) {
      const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
      if (value >= min && value <= max) return value;
      throw expected(`a whole number from ${min} to ${max}`, text);
    },
  };
}

/** Milliseconds, written as a {@link parseDuration} text. */
export const durationType: OptionType<number> = {
  kind: 'duration',
  placeholder: 'DURATION',
  parse: parseDuration,
};

/** One of some words. */
export function choiceType<Choice extends string>(choices: readonly Choice[]): OptionType<Choice> {
  return {
    kind: 'enum',
    placeholder: choices.join('|'),
    choices,
    parse(text) {
      const found = choices.find((choice) => choice === text.trim());
      if (found !== undefined) return found;
      throw expected(listOr(choices), text);
    },
  };
}

/** Any number of texts, separated by white space or commas. */
export function textListType(placeholder: string): OptionType<readonly string[]> {
  return { kind: 'list', placeholder, parse: splitList };
}

/** One platform in Go spelling. @throws UsageError `PLATFORM_INVALID` from `parse` */
export const platformType: OptionType<Platform> = {
  kind: 'string',
  placeholder: 'OS/ARCH[/VARIANT]',
  parse: (text) => parsePlatform(text.trim()),
};

/** Some platforms in Go spelling. @throws UsageError `PLATFORM_INVALID` from `parse` */
export const platformListType: OptionType<readonly Platform[]> = {
  kind: 'list',
  placeholder: 'OS/ARCH[/VARIANT]',
  parse: (text) => splitList(text).map(parsePlatform),
};

/** `a, b or c`. */
export function listOr(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

function splitList(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((element) => element !== '');
}

function nonEmpty(text: string, placeholder: string): string {
  if (text.trim() !== '') return text;
  throw new UsageError('USAGE', `expected ${placeholder}, got nothing`);
}

function expected(what: string, text: string): UsageError {
  return new UsageError('USAGE', `expected ${what}, got "${printable(text, 100)}"`);
}
