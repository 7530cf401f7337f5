import semver from 'semver';
import type { TagRange } from './tag-range.ts';
import { parseTagVersion, type TagVersion } from './tag-version.ts';

export interface TagOptions {
  /** Pre-releases count too. Default: only those that the range names itself, as in `>=17.0.0-rc.1`. */
  readonly prereleases?: boolean | undefined;
}

/**
 * The tag with the highest version in a range, with exactly its tag suffix (`alpine` is not `alpine3.20`);
 * undefined if there is none. A tag that is spelled like the range itself wins. Among several tags of one
 * version, more numbers win, then no `v`, then character order. A tag such as `16` may name any 16.x, so it
 * counts only if the range has them all.
 */
export function chooseTag(
  range: TagRange,
  tags: readonly string[],
  options: TagOptions = {},
): string | undefined {
  if (tags.includes(range.text)) return range.text;
  return tags
    .flatMap((tag) => parseTagVersion(tag) ?? [])
    .filter((version) => version.tagSuffix === range.tagSuffix && isInRange(version, range, options))
    .sort(byPreference)[0]?.tag;
}

/** True when the version, whatever its tag suffix, is in the range. */
export function isInRange(version: TagVersion, { range }: TagRange, options: TagOptions): boolean {
  if (isDate(version) && !/\d{6}/.test(range)) return false;
  const { numbers } = version;
  if (numbers.length === 3 || version.isPrerelease) {
    return semver.satisfies(version.version, range, { includePrerelease: options.prereleases === true });
  }
  return semver.subset(`${numbers.join('.')}.x`, range);
}

/** Best first. */
export function byPreference(a: TagVersion, b: TagVersion): number {
  return (
    semver.rcompare(a.version, b.version) ||
    b.numbers.length - a.numbers.length ||
    Number(a.hasPrefix) - Number(b.hasPrefix) ||
    (a.tag < b.tag ? -1 : 1)
  );
}

// 20240329 beside 3.19, or a build number: >=3 does not mean it.
function isDate({ numbers }: TagVersion): boolean {
  return numbers.length === 1 && (numbers[0] ?? 0) >= 100_000;
}
