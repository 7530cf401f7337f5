import { chainIds, isObject, platformMatches } from '@drayage/core';
import type { Digest, JsonObject, Platform } from '@drayage/core';
import { compareApiVersions } from './api-version.ts';
import type { Connection } from './connection.ts';
import { inspectImage } from './inspect-image.ts';
import type { InspectedImage } from './inspect-image.ts';

const concurrency = 8;

// The first API whose image list can tell which manifests are unpacked.
const manifestsApiVersion = '1.47';

/** The chainIds of all layers that the engine's images stand on. Images that vanish meanwhile are passed over. Errors are dockerode's. */
export async function chainIdsOfImages(
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<Digest>> {
  const images = await listDistinct(connection, signal);
  const found = new Set<Digest>();
  const queue = images.values();
  const worker = async (): Promise<void> => {
    for (const listed of queue) {
      if (signal?.aborted === true) return;
      const image = await inspectImage(connection.docker, String(listed['Id']), signal);
      if (image === undefined || !isUnpacked(listed, image)) continue;
      for (const chainId of chainIds(image.diffIds)) found.add(chainId);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, images.size) }, worker));
  return found;
}

async function listDistinct(
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
 * A containerd store lists images that were loaded or pulled without being unpacked: they have layers as blobs, and no snapshot to build on.
 * Engines that tell (`Manifests[].ImageData.Size.Unpacked`) are believed; for others every image counts, and a load that was too thin fails
 * with `ENGINE_LAYER_MISSING`.
 */
function isUnpacked(listed: JsonObject, image: InspectedImage): boolean {
  const manifests = listed['Manifests'];
  if (!Array.isArray(manifests)) return true;
  return manifests.some((manifest: unknown) => {
    const data = isObject(manifest) ? manifest['ImageData'] : undefined;
    if (!isObject(data) || !isObject(data['Size']) || !isObject(data['Platform'])) return false;
    const offered = platformOf(data['Platform']);
    return Number(data['Size']['Unpacked']) > 0 && platformMatches(image, offered);
  });
}

function platformOf({ os, architecture, variant }: JsonObject): Platform {
  return {
    os: String(os),
    architecture: String(architecture),
    ...(typeof variant === 'string' ? { variant } : {}),
  };
}
