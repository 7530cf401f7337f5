import { chainIds } from '@drayage/core/image';
import type { Digest } from '@drayage/core';
import type { Connection } from './connection.ts';
import { inspectImage } from './inspect-image.ts';
import { isUnpacked, listDistinct } from './list-images.ts';

const concurrency = 8;

/**
 * The chainIds of all layers of the engine's images. Skips images that vanish meanwhile. Throws dockerode's
 * errors.
 */
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
