import { Readable } from 'node:stream';
import { EngineError, familiarReference, shortDigest, type Digest, type Reference } from '@drayage/core';
import type Dockerode from 'dockerode';
import type { Connection } from '../connection.ts';
import { httpStatus } from '../engine-errors.ts';
import { imageName } from '../inspect-image.ts';

/**
 * The archive of `docker save` for all `names` together; see `ImageSaver.save`. Throws dockerode's errors,
 * except for `ENGINE_IMAGE_NOT_FOUND`.
 * @see Docker API v1.41, GET /images/get
 */
export async function openArchive(
  { docker, endpoint }: Connection,
  names: readonly (Reference | Digest)[],
  signal: AbortSignal | undefined,
): Promise<Readable> {
  try {
    return await requestArchive(docker, names.map(imageName), signal);
  } catch (error) {
    if (httpStatus(error) !== 404) throw error;
    throw imageNotFound(names.map(labelOf).join(', '), endpoint.location, error);
  }
}

/** The error for an image to save that does not exist; `what` names it. */
export function imageNotFound(what: string, location: string, cause?: unknown): EngineError {
  return new EngineError(
    'ENGINE_IMAGE_NOT_FOUND',
    `cannot save ${what} from ${location}: the engine has no such image`,
    { hint: 'Build or pull it first, in the engine that this job uses.', cause },
  );
}

function requestArchive(
  docker: Dockerode,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Readable> {
  const request = {
    path: '/images/get?',
    method: 'GET',
    isStream: true,
    // dockerode sends one parameter per list member.
    options: { names },
    statusCodes: { 200: true, 404: 'not found', 500: 'server error' },
    ...(signal === undefined ? {} : { abortSignal: signal }),
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error, answer) => {
      if (error !== null) reject(error);
      else if (answer instanceof Readable) resolve(answer);
      else reject(new Error('the response is not a stream'));
    });
  });
}

function labelOf(name: Reference | Digest): string {
  return typeof name === 'string' ? shortDigest(name) : familiarReference(name);
}
