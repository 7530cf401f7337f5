import { EngineError, printable, reasonOf, systemErrorCode } from '@drayage/core';
import type { EngineEndpoint } from './endpoint/endpoint.ts';
import type { SshAddress } from './endpoint/ssh-address.ts';
import { trialCommand } from './endpoint/trial-command.ts';

/**
 * The HTTP status of the engine's response that made dockerode throw `error`; undefined without a response.
 */
export function httpStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

const connectErrors = new Set(['ENOENT', 'EACCES', 'EPERM', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** True when no connection was made, as opposed to one that broke. */
export function neverConnected(error: unknown): boolean {
  return connectErrors.has(systemErrorCode(error) ?? '');
}

/** The engine's message without dockerode's prefix; one printable line. */
export function engineReason(error: unknown): string {
  const text = reasonOf(error).replace(/^\(HTTP code \d+\) [^-]*- /, '');
  return printable(text.trim());
}

/**
 * The error for a request that the engine refused or that could not be sent. `verb` is such as
 * `tag redis:7 in`.
 */
export function requestFailed(verb: string, endpoint: EngineEndpoint, error: unknown): EngineError {
  const status = httpStatus(error);
  if (status === undefined) return unreachable(endpoint, error);
  return new EngineError('ENGINE_API', `cannot ${verb} ${endpoint.location}: ${engineReason(error)}`, {
    cause: error,
    details: { status },
  });
}

/**
 * The error for an engine that cannot be reached. `hint` is for callers that know more than the error says.
 */
export function unreachable(
  endpoint: EngineEndpoint,
  error: unknown,
  hint: string = connectHint(endpoint, error),
): EngineError {
  const from = endpoint.origin === 'the default' ? '' : ` (from ${endpoint.origin})`;
  const message = `cannot reach engine at ${endpoint.location}${from}: ${engineReason(error)}`;
  return new EngineError('ENGINE_UNREACHABLE', message, { hint, cause: error });
}

function connectHint({ address, origin }: EngineEndpoint, error: unknown): string {
  const code = systemErrorCode(error) ?? '';
  if (address.kind === 'ssh') return sshHint(address, code);
  if (code === 'EACCES' || code === 'EPERM')
    return 'Add the user to the group that owns the socket (docker), or run as root.';
  if (isTlsFailure(code, reasonOf(error)))
    return 'Check DOCKER_TLS_VERIFY, and that DOCKER_CERT_PATH holds the certificates of this engine.';
  if (code === 'ECONNRESET' && address.kind === 'tcp' && address.tls === undefined)
    return 'Set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH if this engine requires TLS.';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'Check the host name, and that the engine runs as a service of this job.';
  if (address.kind === 'unix' && origin === 'the default')
    return 'Start a Docker engine (in CI: a docker:dind service or remote docker), or set DOCKER_HOST.';
  return `Start the engine, or correct ${origin}.`;
}

function sshHint(address: SshAddress, code: string): string {
  return code.startsWith('HPE_')
    ? `Make the login scripts of ${address.host} print nothing without a terminal.`
    : `Check that "${trialCommand(address)}" works without a prompt.`;
}

function isTlsFailure(code: string, reason: string): boolean {
  return (
    /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|HPE_)/.test(code) ||
    /HTTPS? (server|client|request)|certificate/i.test(reason)
  );
}
