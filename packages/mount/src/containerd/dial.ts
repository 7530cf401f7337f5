import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EngineHost } from '../engine-host/engine-host.ts';

/** How to get to a containerd: by its socket, where this process can connect to it, else by connections that somebody makes. */
export type Dialled = Pick<EngineHost, 'localSocket' | 'connectContainerd'>;

/** A unix socket that leads to containerd. */
export interface Dial {
  readonly socketPath: string;
  close(): Promise<void>;
}

/**
 * A socket for the gRPC library, which dials addresses only: the one of containerd, or a private one of our own whose connections are
 * relayed.
 */
export async function openDial(dialled: Dialled): Promise<Dial> {
  const { localSocket } = dialled;
  if (localSocket !== undefined) return { socketPath: localSocket, close: () => Promise.resolve() };
  // mkdtemp makes it 0700: nobody else reaches containerd through it.
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
