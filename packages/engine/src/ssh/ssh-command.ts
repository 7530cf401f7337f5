import { shellQuote } from '@drayage/host';
import type { SshAddress } from '../endpoint/ssh-address.ts';

/**
 * The command that makes one connection to the engine, on its standard input and output: the docker client
 * over there relays it. It is what the docker client itself runs, but for two options: nobody is asked
 * anything, and it never serves as the shared connection of others (it uses one that is there), because it
 * ends with this one.
 * @see docker/cli v28, cli/connhelper/connhelper.go; ssh_config(5)
 */
export function sshCommand({ host, user, port, socketPath }: SshAddress): readonly string[] {
  const remoteOptions = socketPath === undefined ? [] : ['--host', `unix://${socketPath}`];
  return [
    ...['ssh', '-T', '-o', 'ConnectTimeout=30', '-o', 'BatchMode=yes', '-o', 'ControlMaster=no'],
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...['--', host],
    // ssh hands the far shell these words with blanks between them.
    ...['docker', ...remoteOptions, 'system', 'dial-stdio'].map(shellQuote),
  ];
}
