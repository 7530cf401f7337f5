import semver from 'semver';
import { parseSuffix, semverOf } from './tag-version.ts';

/** The version range and tag suffix in a text such as `~22.11-alpine`. */
export interface TagRange {
  /** The original text. */
  readonly text: string;
  /** In the syntax of `semver`: `~22.11`. */
  readonly range: string;
  /** `alpine`; empty for the plain image. */
  readonly tagSuffix: string;
}

const operators = '\\^|~>?|>=|<=|>|<|=';
const comparatorPattern = new RegExp(
  `^(${operators})?v?(\\d{1,15}|\\*)(?:\\.(\\d{1,15}|[xX*]))?(?:\\.(\\d{1,15}|[xX*]))?(?![\\d.xX*])(.*)$`,
);

/**
 * Parses the text after the colon; undefined for a plain tag such as `16.4-alpine` or `latest`. Accepts
 * npm ranges: `^16`, `~22.11`, `>=7 <8`, `7.x`, `16.*`, `*`, and several with `||`. A tag suffix
 * follows the last version.
 */
export function parseTagRange(text: string): TagRange | undefined {
  const sets = text.split('||').map(parseSet);
  const comparators = sets.flatMap((set) => set ?? []);
  if (sets.includes(undefined) || !comparators.some(({ isOpen }) => isOpen)) return undefined;
  const tagSuffixes = new Set(
    comparators.map(({ tagSuffix }) => tagSuffix).filter((tagSuffix) => tagSuffix !== ''),
  );
  if (tagSuffixes.size > 1) return undefined;
  const range = sets.map((set) => (set ?? []).map((comparator) => comparator.text).join(' ')).join(' || ');
  return semver.validRange(range) === null
    ? undefined
    : { text, range, tagSuffix: [...tagSuffixes][0] ?? '' };
}

interface Comparator {
  readonly text: string;
  readonly tagSuffix: string;
  /** False for a plain version, which is a tag. */
  readonly isOpen: boolean;
}

function parseSet(text: string): readonly Comparator[] | undefined {
  const joined = text.trim().replace(new RegExp(`(${operators})\\s+`, 'g'), '$1');
  const comparators = joined.split(/\s+/).map(parseComparator);
  const whole = comparators.flatMap((comparator) => comparator ?? []);
  return whole.length === comparators.length ? whole : undefined;
}

function parseComparator(text: string): Comparator | undefined {
  const [, operator = '', major, minor, patch, rest = ''] = comparatorPattern.exec(text) ?? [];
  const suffix = parseSuffix(rest);
  if (major === undefined || suffix === undefined) return undefined;
  const { prerelease, tagSuffix } = suffix;
  const parts = [major, minor, patch].filter((part) => part !== undefined);
  const hasWildcard = parts.some((part) => /^[xX*]$/.test(part));
  // Numbers can have leading zeros (22.04), which semver rejects.
  const plain = parts.map((part) => (/^\d/.test(part) ? String(Number(part)) : 'x')).join('.');
  if (prerelease !== '' && hasWildcard) return undefined;
  const version = prerelease === '' ? plain : semverOf(parts.map(Number), prerelease);
  return { text: `${operator}${version}`, tagSuffix, isOpen: operator !== '' || hasWildcard };
}
