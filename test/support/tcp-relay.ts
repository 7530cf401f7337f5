import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A port on loopback behind which a unix socket answers. */
export interface TcpRelay {
  /** `tcp://…`, as DOCKER_HOST wants it. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Lets a program that is known by a unix socket be reached over TCP only, byte for byte, with either direction ending on its own. */
export async function startTcpRelay(socketPath: string): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (outside) => {
    const inside = connect({ path: socketPath, allowHalfOpen: true });
    for (const socket of [outside, inside]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    outside.on('error', () => inside.destroy()).pipe(inside);
    inside.on('error', () => outside.destroy()).pipe(outside);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('cannot start a relay: it has no port');
  return {
    host: `tcp://127.0.0.1:${String(address.port)}`,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
