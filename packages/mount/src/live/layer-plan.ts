import { chainIds } from '@drayage/core/image';
import type { Digest } from '@drayage/core';
import type { PackedLayers } from '@drayage/core/bundle';

/** A layer to make. */
export interface PlannedLayer {
  readonly chainId: Digest;
  /** The chainId of the parent; undefined at the bottom. */
  readonly parent: Digest | undefined;
  readonly diffId: Digest;
  /** Digest of the pack file that contains the layer. */
  readonly pack: Digest;
  /** True if the layer's tree is empty. */
  readonly isEmpty: boolean;
}

export interface LayerPlan {
  /** Waves of layers that can be made concurrently, parents first; each chainId once. */
  readonly waves: readonly (readonly PlannedLayer[])[];
  /** The chainIds that containerd already has. */
  readonly present: readonly Digest[];
  /** The diffIds that are neither in containerd nor in a pack. */
  readonly lacking: readonly Digest[];
}

/**
 * Decides which layers to make, and in which order. `isPresent` says whether containerd has a chainId. Pure.
 */
export function planLayers(
  images: readonly { readonly diffIds: readonly Digest[] }[],
  packed: PackedLayers,
  isPresent: (chainId: Digest) => boolean,
): LayerPlan {
  const waves: PlannedLayer[][] = [];
  const present = new Set<Digest>();
  const planned = new Map<Digest, number>();
  const lacking = new Set<Digest>();
  for (const { diffIds } of images) {
    let parent: Digest | undefined;
    for (const [position, chainId] of chainIds(diffIds).entries()) {
      const diffId = diffIds[position];
      const source = diffId === undefined ? undefined : packed.get(diffId);
      const pack = source?.pack.image.digest;
      if (isPresent(chainId)) present.add(chainId);
      else if (diffId !== undefined && pack === undefined) lacking.add(diffId);
      else if (diffId !== undefined && pack !== undefined && !planned.has(chainId)) {
        const depth = parent === undefined ? 0 : (planned.get(parent) ?? -1) + 1;
        planned.set(chainId, depth);
        waves[depth] = [
          ...(waves[depth] ?? []),
          { chainId, parent, diffId, pack, isEmpty: source?.layer.entries === 0 },
        ];
      }
      parent = chainId;
    }
  }
  return { waves, present: [...present], lacking: [...lacking] };
}
