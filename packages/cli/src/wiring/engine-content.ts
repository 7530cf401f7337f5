import { resolve } from 'node:path';
import { hostPlatform, verifying } from '@drayage/core';
import { findMountable, readBundleIndex, verifyPack } from '@drayage/core/bundle';
import type { DirectoryTransport, MountContent, MountablePack, Pack } from '@drayage/core/bundle';
import type { Host } from '../host.ts';
import type { Config } from '../options/option.ts';
import { openPackAccess } from './packing.ts';
import { trustedBundle } from './trust.ts';

/** What the bundle on this node offers to an engine that is about to start. */
export interface EngineContent {
  /** The bundle names images. */
  readonly hasImages: boolean;
  /** Images that are completely in packs, and their proven packs; undefined: none. */
  readonly mountable: MountContent | undefined;
}

/**
 * Finds the images of the bundle that can be mounted, and proves their packs. Without a bundle, finds
 * none.
 * @throws DrayError `DIGEST_MISMATCH`, `SIZE_MISMATCH` for a damaged pack; `BUNDLE_INVALID`, `ABORTED` and
 * others of the bundle
 */
export async function engineContent(
  config: Config,
  host: Pick<Host, 'env'>,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<EngineContent> {
  const bundle = trustedBundle(config);
  const { blobs, documents } = bundle;
  const index = await readBundleIndex(documents);
  if (index === undefined || index.entries.length === 0) return { hasImages: false, mountable: undefined };
  const platform = config.platform ?? hostPlatform();
  const { images, packs } = await findMountable({
    ...{ blobs, index, entries: index.entries, platform, warn, signal },
  });
  if (images.length === 0) return { hasImages: true, mountable: undefined };
  const content = {
    images: images.map(({ image }) => image),
    packs: await provenPacks(bundle, openPackAccess(config, host), packs, signal),
  };
  const openBlob: MountContent['openBlob'] = async (descriptor) =>
    verifying(await blobs.open(descriptor, { signal }), descriptor, config.bundle);
  return { hasImages: true, mountable: { ...content, openBlob } };
}

async function provenPacks(
  bundle: DirectoryTransport,
  access: ReturnType<typeof openPackAccess>,
  packs: readonly Pack[],
  signal: AbortSignal,
): Promise<readonly MountablePack[]> {
  const { store, deepConcurrency: concurrency } = access;
  const mountable: MountablePack[] = [];
  for (const pack of packs) {
    const proven = await store.prove(pack.image, signal);
    if (concurrency !== undefined) await verifyPack(access, bundle, pack, { concurrency, signal });
    mountable.push({ pack, file: resolve(store.fileOf(pack.image.digest)), proven });
  }
  return mountable;
}
