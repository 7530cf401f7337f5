import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { EngineError, parseDigest, type Digest } from '@drayage/core';
import type { Connection } from '../connection.ts';
import { httpStatus } from '../engine-errors.ts';
import { readProgress } from '../progress.ts';
import { helperLabel } from './helper-errors.ts';

// Two zero blocks: an empty archive.
const emptyTar = Buffer.alloc(1024);

/**
 * Creates an image without files or name. Its ID is unique. @throws EngineError `ENGINE_HELPER_FAILED`;
 * dockerode's errors
 */
export async function importEmptyImage({ docker, endpoint }: Connection): Promise<Digest> {
  // The random label makes the ID unique, so that removing the image cannot affect another user of it.
  const changes = `LABEL ${helperLabel}=${randomBytes(8).toString('hex')}`;
  const answer = await docker.importImage(Readable.from([emptyTar]), { changes });
  for await (const { text, error } of readProgress(answer)) {
    if (error === undefined) return parseDigest(text);
    throw new EngineError(
      'ENGINE_HELPER_FAILED',
      `cannot import the helper container’s image to ${endpoint.location}: ${error}`,
      { hint: 'Use --delivery load, which needs no helper container.' },
    );
  }
  throw new Error('the engine returned no image ID');
}

/**
 * Removes an image by its ID. Its container keeps running, so only the container is left when this process is
 * killed. A containerd store would only untag an image removed by name, and keep it for its container.
 */
export async function removeImage({ docker }: Connection, image: Digest): Promise<void> {
  try {
    await docker.getImage(image).remove({ force: true });
  } catch (error) {
    if (httpStatus(error) !== 404) throw error;
  }
}
