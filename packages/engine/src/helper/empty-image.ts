import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { EngineError, parseDigest, type Digest } from '@drayage/core';
import type { Connection } from '../connection.ts';
import { httpStatus } from '../engine-errors.ts';
import { readProgress } from '../progress.ts';
import { helperLabel } from './helper-errors.ts';

// Two zero blocks: an archive of nothing.
const emptyTar = Buffer.alloc(1024);

/** Makes an image without any file; it is nobody else's, and has no name. @throws EngineError `ENGINE_HELPER_FAILED`; dockerode's errors */
export async function importEmptyImage({ docker, endpoint }: Connection): Promise<Digest> {
  // The label makes its ID one of its own, so that whoever removes it takes it from nobody.
  const changes = `LABEL ${helperLabel}=${randomBytes(8).toString('hex')}`;
  const answer = await docker.importImage(Readable.from([emptyTar]), { changes });
  for await (const { text, error } of readProgress(answer)) {
    if (error === undefined) return parseDigest(text);
    throw new EngineError(
      'ENGINE_HELPER_FAILED',
      `cannot import the helper image to ${endpoint.location}: ${error}`,
      { hint: 'Use --delivery load, which needs no helper.' },
    );
  }
  throw new Error('the engine tells no image');
}

/**
 * Removes an image by its ID. Its container goes on without it: so nothing but the container is left when this process is killed. By name
 * a containerd store would keep it, unnamed, for the container's sake.
 */
export async function removeImage({ docker }: Connection, image: Digest): Promise<void> {
  try {
    await docker.getImage(image).remove({ force: true });
  } catch (error) {
    if (httpStatus(error) !== 404) throw error;
  }
}
