import { isObject, platformMatches, type JsonObject, type Platform } from '@drayage/core';
import { compareApiVersions } from './api-version.ts';
import type { Connection } from './connection.ts';

// The first API version whose image list reports the content of each manifest.
const manifestsApiVersion = '1.47';

/**
 * The engine's images by ID, with `Manifests` when a containerd store can list them. Throws dockerode's
 * errors.
 */
export async function listDistinct(
  { docker, info, requestApiVersion }: Connection,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<unknown, JsonObject>> {
  const asksManifests =
    info.imageStore === 'containerd' && compareApiVersions(requestApiVersion, manifestsApiVersion) >= 0;
  const listed: readonly unknown[] = await docker.listImages({
    all: true,
    ...(asksManifests ? { manifests: true } : {}),
    ...(signal === undefined ? {} : { abortSignal: signal }),
  });
  return new Map(listed.filter(isObject).map((image) => [image['Id'], image]));
}

/**
 * True when a listed image is unpacked for a platform. A containerd store also lists images that were loaded
 * or pulled but not unpacked: it has their layers as blobs, but no snapshots to build on. True for every
 * image when the engine does not report this; then a load that omits too much fails with
 * `ENGINE_LAYER_MISSING`.
 */
export function isUnpacked(listed: JsonObject, platform: Platform): boolean {
  const manifests = manifestsFor(listed, platform);
  if (manifests === undefined) return true;
  return manifests.some(({ ImageData }) => {
    return isObject(ImageData) && isObject(ImageData['Size']) && Number(ImageData['Size']['Unpacked']) > 0;
  });
}

/** True unless the engine reports missing blobs of a listed image for a platform. */
export function hasContent(listed: JsonObject, platform: Platform): boolean {
  return manifestsFor(listed, platform)?.every(({ Available }) => Available !== false) ?? true;
}

/** Undefined: not reported by the engine. */
function manifestsFor(listed: JsonObject, platform: Platform): readonly JsonObject[] | undefined {
  const manifests = listed['Manifests'];
  if (!Array.isArray(manifests)) return undefined;
  return manifests.filter(isObject).filter(({ ImageData }) => {
    const offered = isObject(ImageData) ? ImageData['Platform'] : undefined;
    return isObject(offered) && platformMatches(platform, platformOf(offered));
  });
}

function platformOf({ os, architecture, variant }: JsonObject): Platform {
  return {
    os: typeof os === 'string' ? os : '',
    architecture: typeof architecture === 'string' ? architecture : '',
    ...(typeof variant === 'string' ? { variant } : {}),
  };
}
