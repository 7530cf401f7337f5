import { DrayError } from '../errors.ts';
import { parseDigest, type Digest } from './digest.ts';
import { isObject, optionalArray, optionalString, parseJsonObject } from './json.ts';
import type { Manifest } from './manifest.ts';
import { normalizePlatform, type Platform } from './platform.ts';

/** The parts of an image config that drayage reads. @see image-spec v1.1.1, config.md */
export interface ImageConfig {
  readonly platform: Platform;
  /** Digests of the uncompressed layer tars, bottom first. */
  readonly diffIds: readonly Digest[];
}

/** Parses the bytes of an image config. @throws DrayError `MANIFEST_INVALID`, `DIGEST_INVALID` */
export function parseImageConfig(bytes: Uint8Array, what = 'image config'): ImageConfig {
  const object = parseJsonObject(bytes, what);
  const rootfs = object['rootfs'];
  if (!isObject(rootfs))
    throw new DrayError('MANIFEST_INVALID', `cannot parse ${what}: "rootfs" is not an object`);
  const diffIds = optionalArray(rootfs, 'diff_ids', what).map((entry) =>
    parseDigest(typeof entry === 'string' ? entry : '', what),
  );
  const variant = optionalString(object, 'variant', what);
  // Absent or empty, as engines read it.
  const named = (key: string, otherwise: string): string => {
    const text = optionalString(object, key, what) ?? '';
    return text === '' ? otherwise : text;
  };
  const platform = {
    os: named('os', 'linux'),
    architecture: named('architecture', 'amd64'),
    variant,
  };
  return { platform: normalizePlatform(platform), diffIds };
}

/** Checks that there are as many layers as diffIds, as engines do. @throws DrayError `MANIFEST_INVALID` */
export function checkLayerCount(manifest: Manifest, config: ImageConfig, what: string): void {
  if (manifest.layers.length === config.diffIds.length) return;
  const counts = `${String(manifest.layers.length)} layers, but ${String(config.diffIds.length)} diffIds`;
  throw new DrayError('MANIFEST_INVALID', `cannot use ${what}: it has ${counts}`);
}
