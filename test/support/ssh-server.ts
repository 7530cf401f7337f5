import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

import { Server, utils } from 'ssh2';
import type { AuthContext, Connection, ParsedKey, ServerChannel } from 'ssh2';

/** A machine of which only its SSH server is known; commands run on this one. */
export interface SshServer {
  readonly port: number;
  /** The commands that were run, in their order. */
  readonly commands: readonly string[];
  /** How many clients have logged in, ever. */
  logins(): number;
  /**
   * After clients have sent that many more bytes to their commands, breaks every connection as soon as it
   * sends something (`break`), or stops reading from it (`hold`). Resolves when that first happens, with a
   * function that resumes.
   */
  after(receivedBytes: number, effect: 'break' | 'hold'): Promise<() => void>;
  stop(): Promise<void>;
}

export interface SshServerOptions {
  /** Private key of the host, as ssh-keygen writes it. */
  readonly hostKey: string;
  /** The only public key that may log in. */
  readonly allowedKey: string;
  /** The only user that may log in. */
  readonly user: string;
  /** Of the commands. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Starts an SSH server on loopback that runs requested commands with `sh -c`. */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const commands: string[] = [];
  const clients = new Set<Connection>();
  const fault: Fault = { bytesLeft: Infinity, strike: () => undefined };
  let logins = 0;
  const server = new Server({ hostKeys: [options.hostKey] }, (client) => {
    clients.add(client);
    client.on('error', () => undefined);
    client.on('close', () => clients.delete(client));
    client.on('authentication', (context) => {
      if (mayLogIn(context, options)) context.accept();
      else context.reject(['publickey']);
    });
    client.on('ready', () => (logins += 1));
    client.on('session', (accept) => {
      accept().on('exec', (start, _reject, { command }) => {
        commands.push(command);
        const child = spawn('sh', ['-c', command], { env: { ...options.env } });
        relay(child, start(), fault);
        // As with sshd: the client can be gone.
        client.on('close', () => {
          child.stdin.destroy();
          child.stdout.destroy();
        });
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakAll = (): void => {
    for (const client of clients) client.end();
  };
  return {
    port: portOf(server),
    commands,
    logins: () => logins,
    after: (receivedBytes, effect) =>
      new Promise((resolve) => {
        fault.bytesLeft = receivedBytes;
        fault.strike = (channel, stdin) => {
          if (effect === 'break') breakAll();
          else channel.unpipe().pause();
          resolve(() => {
            fault.bytesLeft = Infinity;
            channel.pipe(stdin);
          });
        };
      }),
    async stop() {
      breakAll();
      server.close();
      await once(server, 'close');
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error('cannot start an SSH server: it has no port');
  }
  return address.port;
}

/** What happens to a channel once clients have sent so many bytes. */
interface Fault {
  bytesLeft: number;
  strike: (channel: ServerChannel, stdin: Writable) => void;
}

function relay(child: ChildProcessWithoutNullStreams, channel: ServerChannel, fault: Fault): void {
  child.stdin.on('error', () => undefined);
  channel.on('error', () => undefined);
  channel.pipe(child.stdin);
  channel.on('data', (chunk: Buffer) => {
    fault.bytesLeft -= chunk.byteLength;
    if (fault.bytesLeft < 0) fault.strike(channel, child.stdin);
  });
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.once('close', (exitCode) => {
    if (!channel.writable) return;
    channel.exit(exitCode ?? 255);
    channel.end();
  });
}

function mayLogIn(context: AuthContext, { allowedKey, user }: SshServerOptions): boolean {
  if (context.method !== 'publickey' || context.username !== user) return false;
  const allowed = parsedKey(allowedKey);
  if (!context.key.data.equals(allowed.getPublicSSH())) return false;
  const { blob, signature, hashAlgo } = context;
  // Without a signature the client only asks whether to make one.
  if (blob === undefined || signature === undefined) return true;
  // It gives an error, against its types, for what is no signature at all.
  return Object.is(allowed.verify(blob, signature, hashAlgo), true);
}

function parsedKey(text: string): ParsedKey {
  const parsed = utils.parseKey(text);
  if ('message' in parsed) throw parsed;
  return parsed;
}
