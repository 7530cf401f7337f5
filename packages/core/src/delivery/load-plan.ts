import type { LoadableImage } from '../engine.ts';
import { chainIds } from '../image/chain-id.ts';
import type { Digest } from '../image/digest.ts';

/** An image to load, and how many of its lowest layers the engine has. */
export interface ImageToLoad {
  readonly image: Pick<LoadableImage, 'layers' | 'diffIds'>;
  readonly present: number;
}

/** Layers `from` to `end` (exclusive) of an image that are loaded before the image, without its name. */
export interface LoadPart {
  readonly from: number;
  readonly end: number;
  /** Names the layers up to `end`. */
  readonly chainId: Digest;
  /** Names the layers below `from`, where another load brings them; the engine must have them first. */
  readonly under: Digest | undefined;
}

/** How one image is loaded: its parts, then its remaining layers together with its name. */
export interface ImageLoad {
  /** Bottom first; without the parts that an earlier image brings. */
  readonly parts: readonly LoadPart[];
  /** The first layer that is loaded with the name; the number of layers if all are there by then. */
  readonly from: number;
  /** Names the layers below `from`, where another load brings them. */
  readonly under: Digest | undefined;
}

/**
 * Cuts images into parts, so that each layer is sent once, and an engine extracts one part while it receives
 * the next. A part ends where fewer images have the next layer, or at `partBytes`. Loads in the order of the
 * plan need only loads before them. Pure.
 */
export function planLoads(images: readonly ImageToLoad[], partBytes: number): readonly ImageLoad[] {
  const users = countUsers(images);
  const brought = new Set<Digest>();
  return images.map(({ image, present }): ImageLoad => {
    const chain = chainIds(image.diffIds);
    const nameOfBelow = (position: number): Digest | undefined =>
      position > present ? chain[position - 1] : undefined;
    const parts: LoadPart[] = [];
    let from = present;
    let bytes = 0;
    for (let end = present + 1; end < chain.length; end++) {
      const [chainId, next] = [chain[end - 1], chain[end]];
      if (chainId === undefined || next === undefined) break;
      bytes += image.layers[end - 1]?.size ?? 0;
      if (users.get(chainId) === users.get(next) && bytes < partBytes) continue;
      if (!brought.has(chainId)) parts.push({ from, end, chainId, under: nameOfBelow(from) });
      brought.add(chainId);
      from = end;
      bytes = 0;
    }
    const top = chain.at(-1);
    if (top !== undefined && brought.has(top)) from = chain.length;
    else if (top !== undefined) brought.add(top);
    return { parts, from, under: nameOfBelow(from) };
  });
}

/** How many images lack each layer. */
function countUsers(images: readonly ImageToLoad[]): ReadonlyMap<Digest, number> {
  const users = new Map<Digest, number>();
  for (const { image, present } of images) {
    for (const chainId of chainIds(image.diffIds).slice(present)) {
      users.set(chainId, (users.get(chainId) ?? 0) + 1);
    }
  }
  return users;
}
