import { DrayError, EngineError } from '@drayage/core';
import type { EngineEndpoint } from '../endpoint/endpoint.ts';
import { engineReason, httpStatus, neverConnected, unreachable } from '../engine-errors.ts';

/** Labels helper images and containers, to distinguish them from others. */
export const helperLabel = 'dev.drayage.helper';

const hint = 'Use --delivery load, which needs no helper container.';

/** The error for an engine that cannot provide a helper container. */
export function helperUnavailable(endpoint: EngineEndpoint, reason: string, cause?: unknown): EngineError {
  const message = `cannot start a helper container on ${endpoint.location}: ${reason}`;
  return new EngineError('MOUNT_UNAVAILABLE', message, { hint, cause });
}

/**
 * The error for a failed request about a helper container. `verb` is such as `upload a file to`. Returns a
 * DrayError unchanged.
 */
export function helperFailed(verb: string, endpoint: EngineEndpoint, error: unknown): DrayError {
  if (error instanceof DrayError) return error;
  if (neverConnected(error)) return unreachable(endpoint, error);
  const said = engineReason(error);
  const reason = httpStatus(error) === undefined ? `the engine closed the connection (${said})` : said;
  const message = `cannot ${verb} the helper container on ${endpoint.location}: ${reason}`;
  return new EngineError('ENGINE_HELPER_FAILED', message, { hint, cause: error });
}

/**
 * The error for a helper container that cannot be created or started: distinguishes an engine that forbids it
 * from a failure.
 */
export function startFailed(endpoint: EngineEndpoint, error: unknown): DrayError {
  const reason = engineReason(error);
  if (httpStatus(error) !== undefined && isRefusal(error, reason)) {
    return helperUnavailable(endpoint, `it forbids privileged containers (${reason})`, error);
  }
  return helperFailed('start', endpoint, error);
}

// Authorization plugins answer 403. When the engine itself lacks a right, runc says: "unable to apply caps:
// operation not permitted".
function isRefusal(error: unknown, reason: string): boolean {
  return (
    httpStatus(error) === 403 ||
    /privileged|apply caps|authoriz|not permitted|permission denied|forbidden|user namespace/i.test(reason)
  );
}
