import { isObject, platformMatches, type JsonObject, type Platform } from '@drayage/core';
import { compareApiVersions } from './api-version.ts';
import type { Connection } from './connection.ts';

// The first API whose image list can tell what is there of each manifest.
const manifestsApiVersion = '1.47';

/** The engine's images by ID, with `Manifests` where a containerd store can list them. Errors are dockerode's. */
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
 * True when a listed image is unpacked for a platform. A containerd store lists images that were loaded or pulled without being unpacked:
 * they have layers as blobs, and no snapshot to build on. Of engines that do not tell, every image counts, and a load that was too thin
 * fails with `ENGINE_LAYER_MISSING`.
 */
export function isUnpacked(listed: JsonObject, platform: Platform): boolean {
  const manifests = manifestsFor(listed, platform);
  if (manifests === undefined) return true;
  return manifests.some(({ ImageData }) => {
    return isObject(ImageData) && isObject(ImageData['Size']) && Number(ImageData['Size']['Unpacked']) > 0;
  });
}

/** True unless the engine says that blobs of a listed image are missing for a platform. */
export function hasContent(listed: JsonObject, platform: Platform): boolean {
  return manifestsFor(listed, platform)?.every(({ Available }) => Available !== false) ?? true;
}

/** Undefined: the engine does not tell. */
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
    os: String(os),
    architecture: String(architecture),
    ...(typeof variant === 'string' ? { variant } : {}),
  };
}
