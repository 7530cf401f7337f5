import type { EngineImage, EngineInfo, LoadableImage } from '../engine.ts';
import { chainIds } from '../image/chain-id.ts';
import type { Digest } from '../image/digest.ts';

/** The positions of the layers that an engine with the `known` chainIds has: always the lowest ones. Pure. */
export function layersToOmit(diffIds: readonly Digest[], known: ReadonlySet<Digest>): ReadonlySet<number> {
  const chain = chainIds(diffIds);
  const highest = chain.findLastIndex((chainId) => known.has(chainId));
  // A chainId names the whole stack below it, so the engine has everything under the highest known one.
  return new Set(Array.from({ length: highest + 1 }, (_, position) => position));
}

/**
 * The image's ID in the engine: the config's digest (classic), or the digest that the reference names
 * (containerd).
 */
export function expectedEngineImageId(image: LoadableImage, engine: EngineInfo): Digest {
  return engine.imageStore === 'classic' ? image.config.digest : image.target.digest;
}

/** True when the engine's image is the given one, layer by layer. */
export function isSameImage(found: EngineImage, image: LoadableImage, engine: EngineInfo): boolean {
  const { diffIds } = image;
  return (
    found.engineImageId === expectedEngineImageId(image, engine) &&
    found.diffIds.length === diffIds.length &&
    found.diffIds.every((diffId, position) => diffId === diffIds[position])
  );
}
