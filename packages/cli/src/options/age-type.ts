import { UsageError, printable } from '@drayage/core';
import type { OptionType } from './option-type.ts';

const msPerUnit = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 24 * 3_600_000],
  ['w', 7 * 24 * 3_600_000],
]);

/** An age in milliseconds, written as `90m`, `12h`, `7d` or `2w`. Unlike a duration, nothing waits for it. */
export const ageType: OptionType<number> = {
  kind: 'string',
  placeholder: 'AGE',
  parse(text) {
    const [, count = '', unit = ''] = /^([1-9]\d{0,3})([mhdw])$/.exec(text.trim()) ?? [];
    const ms = Number(count) * (msPerUnit.get(unit) ?? Number.NaN);
    if (!Number.isNaN(ms)) return ms;
    throw new UsageError('USAGE', `expected an age such as 12h, 7d or 2w, got "${printable(text, 100)}"`);
  },
};
