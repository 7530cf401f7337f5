import type { Engine, EngineImage, EngineInfo, LoadableImage } from '../engine.ts';
import { isDrayError } from '../errors.ts';
import { expectedEngineImageId, isSameImage } from './thin-plan.ts';

/**
 * True when the engine's image under a name or ID is the given image and can run. A containerd store that has
 * an image's layers without their compressed blobs reports no diffIds. Then the ID, the digest of manifest or
 * index, identifies the image, and a trial container proves that it is complete.
 * @throws EngineError other than `ENGINE_LAYER_MISSING`; DrayError `ABORTED`
 */
export async function isThere(
  engine: Engine,
  info: EngineInfo,
  found: EngineImage,
  image: LoadableImage,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (isSameImage(found, image, info)) return true;
  const isUntold = info.imageStore === 'containerd' && found.diffIds.length === 0;
  if (!isUntold || found.engineImageId !== expectedEngineImageId(image, info)) return false;
  try {
    await engine.checkRunnable(found.engineImageId, signal);
    return true;
  } catch (error) {
    if (isDrayError(error, 'ENGINE_LAYER_MISSING')) return false;
    throw error;
  }
}
