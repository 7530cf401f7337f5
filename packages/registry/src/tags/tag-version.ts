/** The version in a tag such as `22.11-alpine`. */
export interface TagVersion {
  readonly tag: string;
  /** Semantic version with all three numbers: `22.11.0`, `17.0.0-beta.2`. */
  readonly version: string;
  /** The numbers in the tag: 22 and 11 for `22.11`. */
  readonly numbers: readonly number[];
  /** What follows the version: `alpine`; empty for the plain image. */
  readonly tagSuffix: string;
  readonly isPrerelease: boolean;
  /** True for `v1.2.3`. */
  readonly hasPrefix: boolean;
}

/** What follows the numbers of a version. */
export interface VersionSuffix {
  /** In semver's form, `rc.1` for `-rc1`; empty for a release. */
  readonly prerelease: string;
  readonly tagSuffix: string;
}

const tagPattern = /^(v?)(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?(?![\d.])(.*)$/i;

// Short words are pre-releases only with a number: `-b` alone is ambiguous.
const prereleasePattern =
  /^-?(?:(alpha|beta|preview|pre|rc)(?:[.-]?(\d{1,15}(?:\.\d{1,15})*))?|(a|b|c|m|cr|milestone)[.-]?(\d{1,15}(?:\.\d{1,15})*))(?=-|$)/i;

const tagSuffixPattern = /^-([A-Za-z0-9_][A-Za-z0-9_.-]*)$/;

/** The version in a tag; undefined if it has none (`latest`, `bookworm`, `1.2.3.4`). */
export function parseTagVersion(tag: string): TagVersion | undefined {
  const [, prefix = '', major, minor, patch, rest = ''] = tagPattern.exec(tag) ?? [];
  const suffix = parseSuffix(rest);
  if (major === undefined || suffix === undefined) return undefined;
  const numbers = [major, minor, patch].flatMap((text) => (text === undefined ? [] : [Number(text)]));
  return {
    tag,
    version: semverOf(numbers, suffix.prerelease),
    numbers,
    tagSuffix: suffix.tagSuffix,
    isPrerelease: suffix.prerelease !== '',
    hasPrefix: prefix !== '',
  };
}

/** Makes a semantic version from numbers and a pre-release; missing numbers are 0. */
export function semverOf([major = 0, minor = 0, patch = 0]: readonly number[], prerelease: string): string {
  const release = [major, minor, patch].map(String).join('.');
  return prerelease === '' ? release : `${release}-${prerelease}`;
}

/** Parses pre-release and tag suffix after the numbers; undefined if it is neither. */
export function parseSuffix(text: string): VersionSuffix | undefined {
  const match = prereleasePattern.exec(text);
  const tagSuffixText = text.slice(match?.[0].length ?? 0);
  const tagSuffix = tagSuffixText === '' ? '' : tagSuffixPattern.exec(tagSuffixText)?.[1];
  if (tagSuffix === undefined) return undefined;
  const word = (match?.[1] ?? match?.[3] ?? '').toLowerCase();
  const digits = (match?.[2] ?? match?.[4] ?? '').split('.').filter((part) => part !== '');
  return { prerelease: [word, ...digits.map((part) => String(Number(part)))].join('.'), tagSuffix };
}
