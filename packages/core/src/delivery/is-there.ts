import type { Engine, EngineImage, EngineInfo, LoadableImage } from '../engine.ts';
import { isDrayError } from '../errors.ts';
import { expectedEngineImageId, isSameImage } from './thin-plan.ts';

/**
 * True when what the engine has under a name or ID is the image, and can be run. A containerd store that has an image's layers without their
 * compressed blobs tells no diffIds: its ID, the digest of manifest or index, says which image it is, and a container on trial that it is whole.
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
