import { Duplex, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { reasonOf, type HelperProcess } from '@drayage/core';
import { helperFailed } from './remote-errors.ts';

/** A program on the engine's host that relays its input and output to a unix socket. */
export interface Relay {
  readonly name: string;
  /** Shell words that succeed if the program is installed and can relay. */
  readonly check: string;
  /** The command that relays to the socket at `path`. */
  readonly argv: (path: string) => readonly string[];
}

// One process per direction; when the socket ends, both end.
const perlProgram = `
  use IO::Socket::UNIX;
  my $socket = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "cannot connect: $!\\n";
  sub copy {
    my ($from, $to) = @_;
    while (sysread($from, my $bytes, 65536)) {
      for (my $sent = 0; $sent < length $bytes;) {
        $sent += syswrite($to, $bytes, length($bytes) - $sent, $sent) // return;
      }
    }
  }
  my $child = fork // die "cannot fork: $!\\n";
  if ($child == 0) { copy($socket, \\*STDOUT); kill 'TERM', getppid; exit 0 }
  copy(\\*STDIN, $socket);
  shutdown($socket, 1);
  waitpid($child, 0);
`;

const pythonProgram = `
import os, socket, sys, threading
peer = socket.socket(socket.AF_UNIX)
peer.connect(sys.argv[1])
def send():
    while True:
        data = os.read(0, 65536)
        if not data: break
        peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while True:
    data = peer.recv(65536)
    if not data: break
    while data: data = data[os.write(1, data):]
os._exit(0)
`;

// Not nc: after the socket has ended, it runs on until its input ends.

/** In the order of preference: hosts where people use the engine have the first one. */
export const relays: readonly Relay[] = [
  {
    name: 'docker',
    check: 'command -v docker',
    // Made for ssh:// engines; it copies bytes to any socket.
    argv: (path) => ['docker', '--host', `unix://${path}`, 'system', 'dial-stdio'],
  },
  { name: 'socat', check: 'command -v socat', argv: (path) => ['socat', '-', `UNIX-CONNECT:${path}`] },
  {
    name: 'perl',
    check: 'perl -MIO::Socket::UNIX -e 1',
    argv: (path) => ['perl', '-e', perlProgram, path],
  },
  {
    name: 'python3',
    check: 'python3 -c "import socket"',
    argv: (path) => ['python3', '-c', pythonProgram, path],
  },
];

/** A script that prints the name of the first available relay, or nothing. */
export function choosingScript(): string {
  return relays
    .map(({ name, check }) => `if { ${check}; } </dev/null >/dev/null 2>&1; then echo ${name}; exit; fi`)
    .join('\n');
}

/** The relay that this script printed; undefined if it found none. */
export function chosenRelay(printed: string): Relay | undefined {
  return relays.find(({ name }) => name === printed.trim());
}

/**
 * The connection through a relay. It fails with `ENGINE_HELPER_FAILED` if the relay ends with an error
 * message.
 */
export function relayed(
  { stdin, stdout, stderr }: HelperProcess,
  name: string,
  location: string,
  { allowHalfOpen = false }: { readonly allowHalfOpen?: boolean } = {},
): Duplex {
  const connection = new Duplex({
    allowHalfOpen,
    read: () => stdout.resume(),
    write: (chunk, _encoding, done) => stdin.write(chunk, done),
    final: (done) => stdin.end(done),
    destroy: (error, done) => {
      stdin.destroy();
      stdout.destroy();
      done(error);
    },
  });
  // The user of the connection adds its own listeners; until then, an error must not end the process.
  connection.on('error', () => undefined);
  const fail = (error: unknown): void => {
    connection.destroy(helperFailed(location, reasonOf(error), error));
  };
  stdout.on('data', (chunk: unknown) => {
    if (!connection.push(chunk)) stdout.pause();
  });
  Promise.all([finished(stdout), readText(stderr)]).then(([, text]) => {
    const said = complaint(text);
    if (said === '') connection.push(null);
    else connection.destroy(helperFailed(location, `${name} failed: ${said}`));
  }, fail);
  return connection;
}

/**
 * The relay's error message. The docker client first probes the socket as an engine, and remarks on
 * unexpected responses of other servers: those lines are dropped.
 */
function complaint(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => !line.includes('Unsolicited response received on idle HTTP'));
  return lines.join('\n').trim();
}

const maxComplaintLength = 500;

async function readText(output: Readable): Promise<string> {
  let text = '';
  for await (const chunk of output.setEncoding('utf8')) {
    if (text.length < maxComplaintLength) text += String(chunk);
  }
  return text.trim().slice(0, maxComplaintLength);
}
