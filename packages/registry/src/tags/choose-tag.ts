import semver from 'semver';
import type { TagRange } from './tag-range.ts';
import { parseTagVersion, type TagVersion } from './tag-version.ts';

export interface TagOptions {
  /** Include pre-releases. Default: only those that the range itself names, as in `>=17.0.0-rc.1`. */
  readonly prereleases?: boolean | undefined;
}

/**
 * The tag with the highest version in a range, with exactly its tag suffix (`alpine` is not `alpine3.20`);
 * undefined if no tag matches. A tag spelled like the range itself takes precedence. Among several tags of
 * one version, prefers more numbers, then no `v`, then character order. A tag such as `16` can name any 16.x,
 * so it matches only if the range includes them all.
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

/** True if the version is in the range; ignores its tag suffix. */
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

// 20240329 beside 3.19, or a build number: >=3 should not match it.
function isDate({ numbers }: TagVersion): boolean {
  return numbers.length === 1 && (numbers[0] ?? 0) >= 100_000;
}
