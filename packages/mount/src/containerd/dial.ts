import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** How to connect to a containerd. */
export interface Dialled {
  /** A path at which this process can connect to containerd's socket; undefined: use `connectContainerd`. */
  readonly localSocket: string | undefined;
  /** Opens a connection, which the caller ends or destroys. */
  connectContainerd(): Promise<Duplex>;
}

/** A unix socket that connects to containerd. */
export interface Dial {
  readonly socketPath: string;
  close(): Promise<void>;
}

/**
 * Provides a socket path for the gRPC library, which cannot use a stream: containerd's own socket, or one
 * that relays each connection.
 */
export async function openDial(dialled: Dialled): Promise<Dial> {
  const { localSocket } = dialled;
  if (localSocket !== undefined) return { socketPath: localSocket, close: () => Promise.resolve() };
  // mkdtemp uses mode 0700, so only this user can reach containerd through the socket.
  const folder = await mkdtemp(join(tmpdir(), 'drayage-'));
  const connections = new Set<Duplex>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    relay(socket, dialled).catch(() => socket.destroy());
  });
  const socketPath = join(folder, 'containerd.sock');
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  return {
    socketPath,
    async close() {
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function relay(socket: Socket, dialled: Dialled): Promise<void> {
  const containerd = await dialled.connectContainerd();
  await Promise.all([pipeline(socket, containerd), pipeline(containerd, socket)]).catch(() => {
    containerd.destroy();
    socket.destroy();
  });
}
