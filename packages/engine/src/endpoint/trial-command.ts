import type { SshAddress } from './ssh-address.ts';

/** A command for users to check whether the engine can be reached over SSH. */
export function trialCommand({ host, user, port, socketPath }: SshAddress): string {
  const place = port === undefined ? '' : `-p ${String(port)} `;
  const login = user === undefined ? host : `${user}@${host}`;
  const socket = socketPath === undefined ? '' : `--host unix://${socketPath} `;
  return `ssh ${place}${login} docker ${socket}version`;
}
