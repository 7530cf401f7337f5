import type { Engine, EngineImage } from '../engine.ts';
import { EngineError } from '../errors.ts';
import { chainIds } from '../image/chain-id.ts';
import type { Digest } from '../image/digest.ts';
import { hostPlatform } from '../image/platform.ts';
import { familiarReference, type Reference } from '../image/reference.ts';

/**
 * An {@link Engine} with the classic store, in memory. It reads the layers that it receives but keeps none.
 */
export interface MemoryEngine extends Engine {
  /** Its images, by familiar name. */
  readonly images: ReadonlyMap<string, EngineImage>;
}

/** An engine without images; it cannot pull. */
export function createMemoryEngine(): MemoryEngine {
  const images = new Map<string, EngineImage>();
  const find = (name: Reference | Digest): EngineImage | undefined =>
    typeof name === 'string'
      ? [...images.values()].find(({ engineImageId }) => engineImageId === name)
      : images.get(familiarReference(name));
  return {
    images,
    describe: async () => ({
      location: 'memory',
      version: '28.0.0',
      apiVersion: '1.48',
      imageStore: 'classic',
      storageDriver: 'overlay2',
      platform: hostPlatform(),
    }),
    inspect: async (name) => find(name),
    listChainIds: async () => new Set([...images.values()].flatMap(({ diffIds }) => chainIds(diffIds))),
    async load({ image, omit, openLayer, omittedAreThere }) {
      let bytesSent = 0;
      for (const [position, layer] of image.layers.entries()) {
        if (omit.has(position)) continue;
        for await (const chunk of await openLayer(layer)) bytesSent += chunk.byteLength;
      }
      await omittedAreThere;
      const { reference, config, diffIds } = image;
      const name = reference === undefined ? config.digest : familiarReference(reference);
      images.set(name, { engineImageId: config.digest, diffIds, repoTags: [name], repoDigests: [] });
      return { bytesSent };
    },
    async remove(id) {
      images.delete(id);
    },
    // Its loads cannot be killed halfway.
    removeUnnamed: () => Promise.resolve(),
    async tag(id, reference) {
      const image = find(id);
      if (image !== undefined) images.set(familiarReference(reference), image);
    },
    pull: (reference) => {
      const message = `cannot pull ${familiarReference(reference)}: this engine has no network`;
      return Promise.reject(new EngineError('ENGINE_PULL_FAILED', message));
    },
    checkRunnable: () => Promise.resolve(),
    checkUsable: () => Promise.resolve(),
  };
}
