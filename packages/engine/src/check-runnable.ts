import { throwIfAborted, EngineError, shortDigest, type Digest } from '@drayage/core';
import type Dockerode from 'dockerode';
import type { Connection } from './connection.ts';
import { hasContent, listDistinct } from './list-images.ts';
import { engineReason, httpStatus, requestFailed, unreachable } from './engine-errors.ts';

/**
 * Proves that an image can be run and saved: creates a container of the image, without starting it, and
 * removes it, then checks that the image's content is complete. With a snapshot made from other blobs (the
 * same layer, compressed differently) the image can be run, but `docker save` would omit its layers.
 * @throws EngineError `ENGINE_LAYER_MISSING` when the check fails, `ENGINE_API`; DrayError `ABORTED`
 */
export async function checkImageUsable(
  connection: Connection,
  engineImageId: Digest,
  signal: AbortSignal | undefined,
): Promise<void> {
  await checkImageRunnable(connection, engineImageId, signal);
  const listed = (await listDistinct(connection, signal)).get(engineImageId);
  if (listed === undefined || hasContent(listed, connection.info.platform)) return;
  const message = `cannot save ${shortDigest(engineImageId)} on ${connection.endpoint.location}: content of its layers is missing`;
  throw new EngineError('ENGINE_LAYER_MISSING', message, {
    hint: 'Load the image again with all its layers.',
  });
}

/**
 * Creates a container of the image, without starting it, and removes it. For this the engine prepares a
 * snapshot on top of every layer. An abort does not interrupt the creation, or it would be unknown whether
 * there is a container to remove.
 * @throws EngineError `ENGINE_LAYER_MISSING` when the container cannot be created, `ENGINE_API` when it
 * cannot be removed; DrayError `ABORTED`
 */
export async function checkImageRunnable(
  connection: Connection,
  engineImageId: Digest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const verb = `create a container of ${shortDigest(engineImageId)} on`;
  const { endpoint } = connection;
  throwIfAborted(signal, `${verb} ${endpoint.location}`);
  const container = await createContainer(connection, engineImageId, verb);
  try {
    await container.remove({ force: true, v: true });
  } catch (error) {
    if (httpStatus(error) !== 404)
      throw requestFailed(`remove a container of ${shortDigest(engineImageId)} from`, endpoint, error);
  }
  throwIfAborted(signal, `${verb} ${endpoint.location}`);
}

async function createContainer(
  { docker, endpoint }: Connection,
  engineImageId: Digest,
  verb: string,
): Promise<Dockerode.Container> {
  try {
    // Images without a command are refused, so this gives one; it never runs.
    return await docker.createContainer({
      Image: engineImageId,
      Entrypoint: ['/'],
      Cmd: [],
      NetworkDisabled: true,
      Healthcheck: { Test: ['NONE'] },
    });
  } catch (error) {
    if (httpStatus(error) === undefined) throw unreachable(endpoint, error);
    const message = `cannot ${verb} ${endpoint.location}: ${engineReason(error)}`;
    throw new EngineError('ENGINE_LAYER_MISSING', message, {
      hint: 'Load the image again with all its layers.',
      cause: error,
    });
  }
}
