import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

/** A port of this machine that leads to a program at another address. */
export interface TcpRelay {
  /** `tcp://…`, for DOCKER_HOST. */
  readonly host: string;
  /** `ADDRESS:PORT` */
  readonly authority: string;
  stop(): Promise<void>;
}

/**
 * Makes a program with a unix socket, or a loopback port, reachable at another address of this machine
 * (default: loopback). Relays all bytes; each direction ends independently.
 */
export async function startTcpRelay(
  target: string | { readonly port: number },
  listenAt = '127.0.0.1',
): Promise<TcpRelay> {
  const place: NetConnectOpts =
    typeof target === 'string' ? { path: target } : { host: '127.0.0.1', port: target.port };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (outside) => {
    const inside = connect({ ...place, allowHalfOpen: true });
    for (const socket of [outside, inside]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    outside.on('error', () => inside.destroy()).pipe(inside);
    inside.on('error', () => outside.destroy()).pipe(outside);
  });
  server.listen(0, listenAt);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('cannot start a relay: it has no port');
  const authority = `${listenAt}:${String(address.port)}`;
  return {
    host: `tcp://${authority}`,
    authority,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
