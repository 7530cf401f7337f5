import { DrayError, EngineError } from '@drayage/core';
import type { EngineEndpoint } from '../endpoint/endpoint.ts';
import { engineReason, httpStatus, neverConnected, unreachable } from '../engine-errors.ts';

/** Names helper images and containers, and tells them from those of others. */
export const helperLabel = 'dev.drayage.helper';

const hint = 'Use --delivery load, which needs no helper.';

/** For an engine that gives no helper. */
export function helperUnavailable(endpoint: EngineEndpoint, reason: string, cause?: unknown): EngineError {
  const message = `cannot start a helper on ${endpoint.location}: ${reason}`;
  return new EngineError('MOUNT_UNAVAILABLE', message, { hint, cause });
}

/** For a request about a helper that failed. `verb` is such as `upload a file to`. What is told already stays as it is. */
export function helperFailed(verb: string, endpoint: EngineEndpoint, error: unknown): DrayError {
  if (error instanceof DrayError) return error;
  if (neverConnected(error)) return unreachable(endpoint, error);
  const said = engineReason(error);
  const reason = httpStatus(error) === undefined ? `the engine broke off (${said})` : said;
  const message = `cannot ${verb} the helper on ${endpoint.location}: ${reason}`;
  return new EngineError('ENGINE_HELPER_FAILED', message, { hint, cause: error });
}

/** For a helper that could not be made or started: tells an engine that allows none from one where it went wrong. */
export function startFailed(endpoint: EngineEndpoint, error: unknown): DrayError {
  const reason = engineReason(error);
  if (httpStatus(error) !== undefined && isRefusal(error, reason)) {
    return helperUnavailable(endpoint, `it allows no privileged containers (${reason})`, error);
  }
  return helperFailed('start', endpoint, error);
}

// Authorization plugins answer 403. runc, when the engine itself lacks a right: "unable to apply caps: operation not permitted".
function isRefusal(error: unknown, reason: string): boolean {
  return (
    httpStatus(error) === 403 ||
    /privileged|apply caps|authoriz|not permitted|permission denied|forbidden|user namespace/i.test(reason)
  );
}
