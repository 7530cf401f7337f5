import { RegistryError, familiarName, type Reference, type TagSource } from '@drayage/core';
import semver from 'semver';
import { byPreference, chooseTag, isInRange, type TagOptions } from './choose-tag.ts';
import type { RepositoryName } from './image-selector.ts';
import type { TagRange } from './tag-range.ts';
import { parseTagVersion, type TagVersion } from './tag-version.ts';

export interface ResolveTagOptions extends TagOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The reference with the highest tag in a range, among the current tags of the repository.
 * @throws RegistryError `TAG_NOT_FOUND` that names repository, range, tag suffix and the nearest tags; errors
 * of the listing
 */
export async function resolveTag(
  source: TagSource,
  { repository, range }: { readonly repository: RepositoryName; readonly range: TagRange },
  options: ResolveTagOptions = {},
): Promise<Reference> {
  const tags: string[] = [];
  for await (const tag of source.listTags(repository, options.signal)) tags.push(tag);
  const tag = chooseTag(range, tags, options);
  if (tag === undefined) throw tagNotFound(repository, range, tags);
  return { ...repository, tag };
}

function tagNotFound(repository: RepositoryName, range: TagRange, tags: readonly string[]): RegistryError {
  const name = familiarName(repository);
  const suffix = range.tagSuffix === '' ? 'without a tag suffix' : `with tag suffix "${range.tagSuffix}"`;
  const nearest = nearestTags(range, tags);
  const others = otherTagSuffixes(range, tags);
  const hints = [
    nearest.length === 0 ? [] : `Nearest: ${nearest.join(', ')}`,
    others.length === 0 ? [] : `In the range, but with another tag suffix: ${others.join(', ')}`,
  ].flat();
  const reason = `none of its ${String(tags.length)} tags is in the range ${range.range} ${suffix}`;
  return new RegistryError('TAG_NOT_FOUND', `cannot choose a tag for ${name}:${range.text}: ${reason}`, {
    hint:
      hints.length === 0
        ? 'Check the range, and that the image has been pushed.'
        : `Use another range. ${hints.join('. ')}.`,
    details: { repository: name, range: range.range, flavour: range.tagSuffix, nearest },
  });
}

/** Up to five tags with the tag suffix, nearest to the lowest version of the range first. */
function nearestTags(range: TagRange, tags: readonly string[]): readonly string[] {
  const versions = tags
    .flatMap((tag) => parseTagVersion(tag) ?? [])
    .filter(({ tagSuffix }) => tagSuffix === range.tagSuffix)
    .sort(byPreference);
  const lowest = semver.minVersion(range.range)?.version ?? '0.0.0';
  const above = versions.filter(({ version }) => semver.gte(version, lowest)).slice(-3);
  const below = versions.filter(({ version }) => semver.lt(version, lowest)).slice(0, 5 - above.length);
  return [...above, ...below].map(({ tag }) => tag);
}

/** The best tag with each of up to five other tag suffixes. */
function otherTagSuffixes(range: TagRange, tags: readonly string[]): readonly string[] {
  const best = new Map<string, TagVersion>();
  const fitting = tags
    .flatMap((tag) => parseTagVersion(tag) ?? [])
    .filter((version) => version.tagSuffix !== range.tagSuffix && isInRange(version, range, {}))
    .sort(byPreference);
  for (const version of fitting) if (!best.has(version.tagSuffix)) best.set(version.tagSuffix, version);
  return [...best.values()].slice(0, 5).map(({ tag }) => tag);
}
