import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

/** A TCP relay on loopback that limits the total bandwidth of responses, like a link to a remote registry. */
export interface SlowLink {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  close(): Promise<void>;
}

/**
 * Relays to `target` (`host:port`) with `bytesPerSecond` in the direction of the caller, all connections
 * together.
 */
export async function openSlowLink(target: string, bytesPerSecond: number): Promise<SlowLink> {
  const budget = new Budget(bytesPerSecond);
  const sockets = new Set<Socket>();
  const [targetHost = '', targetPort = ''] = target.split(':');
  const server = createServer((near) => {
    const far = connect(Number(targetPort), targetHost);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    near.pipe(far);
    far.pipe(budget.limiter()).pipe(near);
    // Either side can hang up at any time; the other side then sees its stream end.
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('cannot open a slow link: no port');
  return {
    host: `127.0.0.1:${String(address.port)}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Budget {
  readonly #bytesPerSecond: number;
  #freeAt = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  limiter(): Transform {
    return new Transform({
      transform: (chunk: Uint8Array, _, done) => {
        this.#spend(chunk.byteLength).then(() => {
          done(undefined, chunk);
        }, done);
      },
    });
  }

  async #spend(bytes: number): Promise<void> {
    const now = performance.now();
    this.#freeAt = Math.max(now, this.#freeAt) + (bytes / this.#bytesPerSecond) * 1_000;
    await pause(this.#freeAt - now);
  }
}
