import type { BlobStore } from '../blob-store.ts';
import { isDrayError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { throwIfAborted } from '../store/abort.ts';
import { readPack } from './pack.ts';
import type { Pack, PackedLayer } from './pack-types.ts';

/** A layer and the pack that holds it. */
export interface LayerInPack {
  readonly pack: Pack;
  readonly layer: PackedLayer;
}

/** The layers of several packs, by diffId; when two packs hold a layer, the older counts. */
export type PackedLayers = ReadonlyMap<Digest, LayerInPack>;

/** Indexes the layers of packs by diffId. Pure. */
export function packedLayers(packs: readonly Pack[]): PackedLayers {
  const found = new Map<Digest, LayerInPack>();
  for (const pack of packs) {
    for (const layer of pack.layers) if (!found.has(layer.diffId)) found.set(layer.diffId, { pack, layer });
  }
  return found;
}

/**
 * Reads the packs that a bundle lists. Calls `onBroken` for each pack that is unreadable or whose file is
 * incomplete; without `onBroken`, throws.
 * @throws DrayError as {@link readPack}; what the store throws
 */
export async function readPacks(
  blobs: BlobStore,
  manifests: readonly Descriptor[],
  options: {
    readonly onBroken?: ((manifest: Descriptor, error: unknown) => void) | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<readonly Pack[]> {
  const packs: Pack[] = [];
  for (const manifest of manifests) {
    throwIfAborted(options.signal, 'read the packs of the bundle');
    try {
      packs.push(await readPack(blobs, manifest, options.signal));
    } catch (error) {
      if (options.onBroken === undefined || !isDrayError(error) || isDrayError(error, 'ABORTED')) throw error;
      options.onBroken(manifest, error);
    }
  }
  return packs;
}

/**
 * True when a non-empty layer occurs twice. Overlayfs rejects duplicate lower directories, so such a stack
 * cannot be mounted. Repeated empty layers are common and do not matter: any empty directory will do. Pure.
 */
export function hasRepeatedTree(diffIds: readonly Digest[], layers: PackedLayers): boolean {
  const trees = diffIds.filter((diffId) => layers.get(diffId)?.layer.entries !== 0);
  return new Set(trees).size < trees.length;
}

/** The packs that hold all these layers, each once, or the layers that no pack holds. Pure. */
export function packsFor(
  diffIds: readonly Digest[],
  layers: PackedLayers,
): { readonly packs: readonly Pack[]; readonly lacking: readonly Digest[] } {
  const packs = new Map<Digest, Pack>();
  const lacking: Digest[] = [];
  for (const diffId of new Set(diffIds)) {
    const found = layers.get(diffId);
    if (found === undefined) lacking.push(diffId);
    else packs.set(found.pack.manifest.digest, found.pack);
  }
  return { packs: [...packs.values()], lacking };
}
