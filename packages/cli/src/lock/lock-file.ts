import {
  DrayError,
  familiarReference,
  formatPlatform,
  isDrayError,
  isObject,
  parsePlatform,
  printable,
  reasonOf,
  tryParseReference,
} from '@drayage/core';
import type { Digest, Reference } from '@drayage/core';

/**
 * A locked image: a reference, and the digest of the manifest or index that it named. `absent`: an
 * optional image that did not exist.
 */
export type LockedImage = { readonly reference: Reference; readonly digest: Digest } | 'absent';

/**
 * `dray.lock`: maps each image, as the user wrote it, to a locked image per platform (`OS/ARCH[/VARIANT]`).
 */
export interface Lock {
  readonly images: ReadonlyMap<string, ReadonlyMap<string, LockedImage>>;
}

/** An empty lock. */
export const emptyLock: Lock = { images: new Map() };

/**
 * The text of a lock file: sorted JSON, one fact per line, so that merges conflict only about the same image.
 */
export function formatLock({ images }: Lock): string {
  const sorted = [...images].sort(byKey).map(([text, platforms]) => {
    const facts = [...platforms]
      .sort(byKey)
      .map(([platform, image]) => [platform, formatImage(image)] as const);
    return [text, Object.fromEntries(facts)] as const;
  });
  return `${JSON.stringify({ version: 1, images: Object.fromEntries(sorted) }, null, 2)}\n`;
}

/**
 * Parses a lock file; `path` is its name in messages.
 * @throws DrayError `LOCK_INVALID`, also for the format of a newer drayage
 */
export function parseLock(text: string, path: string): Lock {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const conflict = /^<{7} /m.test(text) ? 'it has an unresolved merge conflict' : 'it is not JSON';
    throw invalid(path, conflict, error);
  }
  if (!isObject(value)) throw invalid(path, 'it is not a JSON object');
  if (value['version'] !== 1) throw wrongVersion(path, value['version']);
  const images = value['images'];
  if (!isObject(images)) throw invalid(path, '"images" is not an object');
  return {
    images: new Map(
      Object.entries(images).map(([name, platforms]) => [name, parsePlatforms(path, name, platforms)]),
    ),
  };
}

function parsePlatforms(path: string, name: string, value: unknown): ReadonlyMap<string, LockedImage> {
  if (!isObject(value)) throw invalid(path, `"${printable(name, 200)}" is not an object`);
  return new Map(
    Object.entries(value).map(([platform, image]) => [
      canonicalPlatform(path, platform),
      parseImage(path, `${name}, ${platform}`, image),
    ]),
  );
}

function canonicalPlatform(path: string, text: string): string {
  try {
    return formatPlatform(parsePlatform(text));
  } catch (error) {
    if (!isDrayError(error, 'PLATFORM_INVALID')) throw error;
    throw invalid(path, reasonOf(error), error);
  }
}

function parseImage(path: string, place: string, value: unknown): LockedImage {
  if (value === null) return 'absent';
  const parsed = typeof value === 'string' ? tryParseReference(value) : undefined;
  if (parsed?.digest === undefined) {
    throw invalid(path, `"${printable(place, 200)}" is not a reference with a digest`);
  }
  const { digest, ...reference } = parsed;
  return { reference: reference.tag === undefined ? { ...reference, digest } : reference, digest };
}

function formatImage(image: LockedImage): string | null {
  return image === 'absent' ? null : familiarReference({ ...image.reference, digest: image.digest });
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function wrongVersion(path: string, version: unknown): DrayError {
  return typeof version === 'number' && version > 1
    ? new DrayError(
        'LOCK_INVALID',
        `cannot read ${path}: it has version ${String(version)}, but this drayage supports only version 1`,
        { hint: 'Use the version of drayage that wrote it.' },
      )
    : invalid(path, 'it has no version');
}

function invalid(path: string, reason: string, cause?: unknown): DrayError {
  return new DrayError('LOCK_INVALID', `cannot read ${path}: ${reason}`, {
    hint: 'Run "dray lock" to replace it.',
    cause,
  });
}
