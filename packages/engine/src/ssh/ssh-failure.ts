import { printable, reasonOf, systemErrorCode } from '@drayage/core';
import type { EngineEndpoint } from '../endpoint/endpoint.ts';
import type { SshAddress } from '../endpoint/ssh-address.ts';
import { unreachable } from '../engine-errors.ts';
import type { ProgramEnd } from './program-connection.ts';
import { trialCommand } from '../endpoint/trial-command.ts';

// ssh(1) "EXIT STATUS": ssh failed itself; any other status is the command's.
const ownError = 255;

// POSIX.1-2017, Shell Command Language 2.8.2: command not found.
const noSuchCommand = 127;

/**
 * The error for an ssh that ended while its connection was in use: `ENGINE_UNREACHABLE` before the engine
 * sent anything; afterwards an ordinary broken connection (`ECONNRESET`).
 */
export function sshFailure(endpoint: EngineEndpoint, address: SshAddress, end: ProgramEnd): Error {
  const reason = reasonFor(end);
  if (end.wasConnected) return Object.assign(new Error(reason), { code: 'ECONNRESET' });
  return unreachable(endpoint, new Error(reason, { cause: end.startError }), hintFor(address, end));
}

function reasonFor({ startError, exitCode, said }: ProgramEnd): string {
  if (startError !== undefined) {
    const isMissing = systemErrorCode(startError) === 'ENOENT';
    return isMissing ? 'ssh is not installed' : `ssh cannot be started (${reasonOf(startError)})`;
  }
  const lastLine =
    said
      .trim()
      .split(/\s*[\r\n]+\s*/)
      .at(-1) ?? '';
  const speaker = exitCode === undefined || exitCode === ownError ? 'ssh' : 'the remote host';
  if (lastLine !== '') return `${speaker} says "${printable(lastLine, 500)}"`;
  return exitCode === undefined ? 'ssh was ended' : `ssh ended with status ${String(exitCode)}`;
}

function hintFor(address: SshAddress, { startError, exitCode, said }: ProgramEnd): string {
  if (startError !== undefined) return 'Install the OpenSSH client, or name the engine with tcp://.';
  if (/host key verification failed/i.test(said)) {
    return `Add the key of ${address.host} to known_hosts, with its port unless that is 22: ssh cannot ask for confirmation here.`;
  }
  if (exitCode === ownError && /permission denied/i.test(said)) {
    return `Give ssh a key that ${address.host} accepts, through its agent or its configuration: ssh cannot ask for a password here.`;
  }
  if (exitCode === noSuchCommand) {
    return `Install the docker client on ${address.host}, in the PATH of commands that ssh runs.`;
  }
  return `Check that "${trialCommand(address)}" works without a prompt.`;
}
