import { resolve } from 'node:path';
import {
  createDirectoryTransport,
  hostPlatform,
  isDrayError,
  packedLayers,
  packsFor,
  readBundleIndex,
  readImage,
  readPacks,
  reasonOf,
  verifying,
} from '@drayage/core';
import type { LoadableImage, MountablePack, Pack } from '@drayage/core';
import type { PrivateEngineContent } from '@drayage/dind';
import type { Config } from '../options/option.ts';
import { openPackStore } from './packing.ts';

/** What the bundle on this node has for an engine that is about to be started. */
export interface EngineContent {
  /** The bundle names images. */
  readonly hasImages: boolean;
  /** Those that are in packs altogether, and these packs, proven; undefined: none. */
  readonly mountable: PrivateEngineContent | undefined;
}

/**
 * Finds the images of the bundle that can be mounted, and proves their packs. Without a bundle there are none.
 * @throws DrayError `DIGEST_MISMATCH`, `SIZE_MISMATCH` for a damaged pack; `BUNDLE_INVALID`, `ABORTED` and others of the bundle
 */
export async function engineContent(
  config: Config,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<EngineContent> {
  const { blobs, documents } = createDirectoryTransport(config.bundle);
  const index = await readBundleIndex(documents);
  if (index === undefined || index.entries.length === 0) return { hasImages: false, mountable: undefined };
  const onBroken = (_: unknown, error: unknown): void => warn(reasonOf(error));
  const layers = packedLayers(await readPacks(blobs, index.packs, { onBroken, signal }));
  const platform = config.platform ?? hostPlatform();
  const images: LoadableImage[] = [];
  const packs = new Map<string, Pack>();
  for (const entry of index.entries) {
    try {
      const image = await readImage(blobs, entry, platform, signal);
      const found = packsFor(image.diffIds, layers);
      if (found.lacking.length > 0) continue;
      images.push(image);
      for (const pack of found.packs) packs.set(pack.manifest.digest, pack);
    } catch (error) {
      // An image that is broken is told when it is loaded.
      if (!isDrayError(error) || signal.aborted) throw error;
    }
  }
  if (images.length === 0) return { hasImages: true, mountable: undefined };
  const content = { images, packs: await provenPacks(config, [...packs.values()], signal) };
  const openBlob: PrivateEngineContent['openBlob'] = async (descriptor) =>
    verifying(await blobs.open(descriptor, { signal }), descriptor, config.bundle);
  return { hasImages: true, mountable: { ...content, openBlob } };
}

async function provenPacks(
  config: Config,
  packs: readonly Pack[],
  signal: AbortSignal,
): Promise<readonly MountablePack[]> {
  const store = openPackStore(config.bundle);
  for (const { image } of packs) await store.prove(image, signal);
  return packs.map((pack) => ({ pack, file: resolve(store.fileOf(pack.image.digest)) }));
}
