import { UsageError, printable } from '@drayage/core';
import type { OptionType } from './option-type.ts';

const powers: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  k: 1024,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
  T: 1024 ** 4,
  kB: 1000,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  TB: 1000 ** 4,
};

/** A size in bytes, written as `20GB` (powers of 1000) or `20G`, `20GiB` (powers of 1024). */
export const sizeType: OptionType<number> = {
  kind: 'string',
  placeholder: 'SIZE',
  parse(text) {
    const [, number = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?) ?([a-zA-Z]*)$/.exec(text.trim()) ?? [];
    const power = powers[unit.replace(/iB$/, '')];
    const bytes = Math.floor(Number(number) * (power ?? Number.NaN));
    if (number !== '' && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
    throw new UsageError('USAGE', `expected a size such as 20GB or 500MiB, got "${printable(text, 100)}"`);
  },
};
