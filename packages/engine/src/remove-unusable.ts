import { isDrayError, type LoadableImage } from '@drayage/core';
import { checkImageRunnable } from './check-runnable.ts';
import type { Connection } from './connection.ts';
import { imageName, inspectImage } from './inspect-image.ts';

/**
 * Call after a failed load. A containerd store names an image before it unpacks it, and keeps the name when
 * that fails: `docker run` would then fail, too, instead of pulling. Best effort: the load's own error
 * counts.
 */
export async function removeUnusable(
  connection: Connection,
  { reference, target, manifest }: LoadableImage,
): Promise<void> {
  if (reference === undefined) return;
  const { docker } = connection;
  try {
    const name = imageName(reference);
    const found = await inspectImage(docker, name, undefined);
    // Another image had this name before the load.
    if (found === undefined || ![target.digest, manifest.digest].includes(found.engineImageId)) return;
    if (await isRunnable(connection, found.engineImageId)) return;
    await docker.getImage(name).remove();
  } catch {
    // The engine is gone, or a container uses the image.
  }
}

async function isRunnable(
  connection: Connection,
  id: Parameters<typeof checkImageRunnable>[1],
): Promise<boolean> {
  try {
    await checkImageRunnable(connection, id, undefined);
    return true;
  } catch (error) {
    if (isDrayError(error, 'ENGINE_LAYER_MISSING')) return false;
    throw error;
  }
}
