import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { programOnPath } from './parts.ts';
import { runOrThrow } from './processes.ts';

/** Two keys in a folder: of a host, and of who may log in there. */
export interface SshKeys {
  /** Private, as text. */
  readonly hostKey: string;
  readonly publicHostKey: string;
  /** Path of the private key. */
  readonly clientKey: string;
  readonly publicClientKey: string;
}

/** Makes new keys in a folder, which is made too. */
export async function makeSshKeys(folder: string): Promise<SshKeys> {
  mkdirSync(folder, { recursive: true });
  const make = async (name: string): Promise<string> => {
    const file = join(folder, name);
    await runOrThrow('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file]);
    return file;
  };
  const [host, clientKey] = [await make('host'), await make('client')];
  return {
    hostKey: readFileSync(host, 'utf8'),
    publicHostKey: readFileSync(`${host}.pub`, 'utf8'),
    clientKey,
    publicClientKey: readFileSync(`${clientKey}.pub`, 'utf8'),
  };
}

export interface SshSettings {
  /** Path of the private key. */
  readonly identity: string;
  /** Lines of `known_hosts`. */
  readonly knownHosts: string;
}

/**
 * A PATH with the machine's `ssh` and separate settings: ssh reads the user's settings from the home in the
 * user database, whatever HOME is. The command line of every ssh process contains the folder.
 */
export function sshPath(folder: string, { identity, knownHosts }: SshSettings): string {
  const config = join(folder, 'config');
  writeFileSync(join(folder, 'known_hosts'), knownHosts);
  writeFileSync(
    config,
    [
      `IdentityFile ${identity}`,
      'IdentitiesOnly yes',
      'IdentityAgent none',
      `UserKnownHostsFile ${join(folder, 'known_hosts')}`,
      'GlobalKnownHostsFile /dev/null',
      '',
    ].join('\n'),
  );
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const ssh = programOnPath('ssh') ?? '';
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec ${ssh} -F ${config} "$@"\n`, { mode: 0o755 });
  return [bin, process.env['PATH'] ?? ''].join(delimiter);
}
