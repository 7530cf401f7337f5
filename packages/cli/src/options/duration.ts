import { UsageError, printable } from '@drayage/core';

const msPerUnit = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

const pattern = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const part = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;

// The maximum of Node.js timers.
const maxMs = 2 ** 31 - 1;

/** Parses `10m`, `1h30m`, `1.5s`, `500ms` or a bare `0` into milliseconds. @throws UsageError `USAGE` */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  if (!pattern.test(trimmed)) throw notADuration(text);
  let total = 0;
  for (const [, count, unit] of trimmed.matchAll(part)) {
    total += Number(count) * (msPerUnit.get(unit ?? '') ?? Number.NaN);
  }
  if (!Number.isFinite(total) || total > maxMs) throw notADuration(text);
  return Math.round(total);
}

function notADuration(text: string): UsageError {
  return new UsageError(
    'USAGE',
    `expected a duration such as 10m, 60s or 500ms (24 days at most), got "${printable(text, 100)}"`,
    { hint: 'Write a number and its unit: ms, s, m or h.' },
  );
}
