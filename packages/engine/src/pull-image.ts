import {
  throwIfAborted,
  EngineError,
  familiarName,
  familiarReference,
  formatPlatform,
  platformMatches,
} from '@drayage/core';
import type { Platform, Reference } from '@drayage/core';
import type { Connection } from './connection.ts';
import { engineReason, httpStatus, unreachable } from './engine-errors.ts';
import { readProgress } from './progress.ts';

/**
 * The credentials that the engine presents to a registry for us. @see Docker Engine API v1.41,
 * "Authentication"
 */
export interface RegistryAuth {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
  readonly serveraddress?: string | undefined;
}

export interface PullOptions {
  readonly auth?: RegistryAuth | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the engine pull an image, and waits until the pull has ended. Sends the platform only when it differs
 * from the engine's own: otherwise the engine behaves exactly as for `docker pull`.
 * @throws EngineError `ENGINE_PULL_FAILED` with the engine's reason, `ENGINE_UNREACHABLE`; DrayError
 * `ABORTED`
 */
export async function pullImage(
  { docker, endpoint, info }: Connection,
  reference: Reference,
  platform: Platform,
  { auth, signal }: PullOptions,
): Promise<void> {
  const verb = `pull ${familiarReference(reference)} with`;
  throwIfAborted(signal, `${verb} ${endpoint.location}`);
  const query = {
    fromImage: familiarName(reference),
    tag: reference.digest ?? reference.tag ?? 'latest',
    ...(platformMatches(info.platform, platform) ? {} : { platform: formatPlatform(platform) }),
    ...(signal === undefined ? {} : { abortSignal: signal }),
  };
  try {
    const response = await docker.createImage(auth, query);
    for await (const { error } of readProgress(response)) {
      if (error !== undefined) throw pullFailed(verb, endpoint.location, error);
    }
  } catch (error) {
    throwIfAborted(signal, `${verb} ${endpoint.location}`);
    if (error instanceof EngineError) throw error;
    if (isRefusal(error)) throw pullFailed(verb, endpoint.location, engineReason(error), error);
    throw unreachable(endpoint, error);
  }
}

function isRefusal(error: unknown): boolean {
  return httpStatus(error) !== undefined;
}

function pullFailed(verb: string, location: string, reason: string, cause?: unknown): EngineError {
  return new EngineError('ENGINE_PULL_FAILED', `cannot ${verb} ${location}: ${reason}`, { cause });
}
