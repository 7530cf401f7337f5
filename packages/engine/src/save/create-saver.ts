import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Reference } from '@drayage/core';
import { saveImages, type SaveRequest } from './save-into-bundle.ts';
import type { ImageInBundle, SavedImage } from './saved-image.ts';

/** Brings one image into the bundle. @throws DrayError as `saveImages` tells it, for this image or for all */
export type SaveImage = (reference: Reference) => Promise<ImageInBundle>;

interface Waiter {
  readonly reference: Reference;
  readonly resolve: (image: ImageInBundle) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Saves images that are asked for one by one. All that are asked for in one turn of the event loop come in one archive, so that layers
 * which they share are read once; later ones wait until that archive has been read. See `saveImages`.
 */
export function createSaver(request: Omit<SaveRequest, 'references'>): SaveImage {
  let waiting: Waiter[] = [];
  let last: Promise<void> = Promise.resolve();

  const saveWaiting = async (): Promise<void> => {
    await nextTurn();
    const batch = waiting;
    waiting = [];
    await saveBatch(request, batch);
  };

  return (reference) =>
    new Promise((resolve, reject) => {
      waiting.push({ reference, resolve, reject });
      if (waiting.length === 1) last = last.then(saveWaiting);
    });
}

// Never rejects: every waiter is told.
async function saveBatch(request: Omit<SaveRequest, 'references'>, batch: readonly Waiter[]): Promise<void> {
  const references = [...new Set(batch.map(({ reference }) => reference))];
  try {
    for await (const image of saveImages({ ...request, references })) settle(batch, image);
  } catch (error) {
    // Those that have their image do not notice.
    for (const { reject } of batch) reject(error);
  }
}

function settle(batch: readonly Waiter[], image: SavedImage): void {
  for (const { reference, resolve, reject } of batch) {
    if (reference !== image.reference) continue;
    if (image.state === 'saved') resolve(image);
    else reject(image.error);
  }
}
