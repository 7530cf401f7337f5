import { shellQuote } from '@drayage/host';
import type { SshAddress } from '../endpoint/ssh-address.ts';

/**
 * The command that makes one connection to the engine on its standard input and output: the remote docker
 * client relays it. It is what the docker client itself runs, with two more options: it never prompts, and it
 * never becomes the shared connection of others, because it ends with this one (it does use an existing one).
 * @see docker/cli v28, cli/connhelper/connhelper.go; ssh_config(5)
 */
export function sshCommand({ host, user, port, socketPath }: SshAddress): readonly string[] {
  const remoteOptions = socketPath === undefined ? [] : ['--host', `unix://${socketPath}`];
  return [
    ...['ssh', '-T', '-o', 'ConnectTimeout=30', '-o', 'BatchMode=yes', '-o', 'ControlMaster=no'],
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...['--', host],
    // ssh joins these words with blanks for the remote shell.
    ...['docker', ...remoteOptions, 'system', 'dial-stdio'].map(shellQuote),
  ];
}
