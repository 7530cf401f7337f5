import type { Duplex } from 'node:stream';
import { reasonOf } from '@drayage/core';

export interface PoolOptions {
  readonly open: () => Promise<Duplex>;
  /** How many unused connections are kept ready. */
  readonly ready: number;
  /** How many are opened at a time. */
  readonly atATime: number;
}

/**
 * Keeps connections to an engine ready, because to open one takes a program on the engine's side a few
 * hundred milliseconds. Each has been tried with a ping, so an engine has no reason to close it.
 */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #ready: Duplex[] = [];
  readonly #waiting: { resolve: (one: Duplex) => void; reject: (error: unknown) => void }[] = [];
  #opening = 0;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** A connection that has no open request. */
  take(): Promise<Duplex> {
    const taken = this.#ready.pop();
    if (taken !== undefined) {
      forget(taken);
      this.fill();
      return Promise.resolve(taken);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.fill();
    });
  }

  /** Opens connections until enough are ready. */
  fill(): void {
    const { ready, atATime } = this.#options;
    while (!this.#isClosed && this.#opening < atATime) {
      if (this.#ready.length + this.#opening >= ready + this.#waiting.length) return;
      this.#opening += 1;
      void this.#openOne();
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#ready.splice(0)) connection.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the relay has ended'));
  }

  async #openOne(): Promise<void> {
    try {
      const connection = await this.#options.open();
      await ping(connection);
      this.#opening -= 1;
      this.#put(connection);
      this.fill();
    } catch (error) {
      this.#opening -= 1;
      // Without a waiting client, the next one tries again.
      this.#waiting.shift()?.reject(error);
      if (this.#waiting.length > 0) this.fill();
    }
  }

  #put(connection: Duplex): void {
    if (this.#isClosed) {
      connection.destroy();
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve(connection);
      return;
    }
    this.#ready.push(connection);
    connection.once('end', () => connection.destroy());
    connection.once('close', () => {
      const position = this.#ready.indexOf(connection);
      if (position >= 0) this.#ready.splice(position, 1);
    });
  }
}

const pingRequest = 'HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n';

/** Resolves once the engine has answered. */
async function ping(connection: Duplex): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      let said = '';
      connection.on('error', reject);
      connection.once('close', () => {
        reject(new Error(`the connection closed before the engine answered (${said.trim()})`));
      });
      connection.on('data', (chunk: Buffer) => {
        said += chunk.toString('latin1');
        if (!said.includes('\r\n\r\n')) return;
        if (/^HTTP\/1\.1 200 /.test(said)) resolve();
        else reject(new Error(`the engine answered ${said.split('\r\n')[0] ?? ''}`));
      });
      connection.once('end', () => connection.destroy());
      connection.write(pingRequest);
    });
  } catch (error) {
    connection.destroy();
    throw new Error(`cannot reach the engine: ${reasonOf(error)}`, { cause: error });
  }
  forget(connection);
}

/** Removes the listeners of the pool. The connection goes on flowing, so that its end is seen. */
function forget(connection: Duplex): void {
  for (const event of ['data', 'end', 'close']) connection.removeAllListeners(event);
  connection.removeAllListeners('error').on('error', () => undefined);
}
