import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { statSync, createReadStream } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { machine, type Release } from './released.ts';

/** A server of the tarballs of an npm registry, and of nothing else. */
export interface TestNpmRegistry {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `METHOD PATH` of every request so far. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

/** How a registry answers. */
export interface NpmRegistryOptions {
  /**
   * Default: `whole`. `truncated`: the connection ends in the middle. `moved`: the bytes are elsewhere on
   * this server, as with CDNs.
   */
  readonly answers?: 'whole' | 'truncated' | 'moved';
}

/**
 * Serves a release at the addresses that npm registries have for the tarballs of packages. Answers 404 to all
 * else.
 */
export async function startNpmRegistry(
  { version, command, standalone }: Release,
  { answers = 'whole' }: NpmRegistryOptions = {},
): Promise<TestNpmRegistry> {
  const files = new Map([
    [`/drayage/-/drayage-${version}.tgz`, command.file],
    [`/@drayage/standalone-${machine}/-/standalone-${machine}-${version}.tgz`, standalone.file],
  ]);
  const elsewhere = new Map([...files.values()].map((file) => [`/elsewhere/${basename(file)}`, file]));
  const requests: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '' } = request;
    const path = url.replace(/\?.*/, '');
    requests.push(`${method} ${path}`);
    const file = files.get(path) ?? elsewhere.get(path);
    if (method !== 'GET' || file === undefined) response.writeHead(404).end();
    else if (answers === 'moved' && files.has(path)) {
      response.writeHead(302, { Location: `/elsewhere/${basename(file)}?signed=yes` }).end();
    } else void send(response, file, answers === 'truncated');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String(portOf(server.address()))}`,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

async function send(response: ServerResponse, file: string, truncated: boolean): Promise<void> {
  const { size } = statSync(file);
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size });
  const bytes = createReadStream(file, truncated ? { end: Math.floor(size / 2) } : {});
  // Whoever left before the end shows in the test.
  await pipeline(bytes, response, { end: !truncated }).catch(() => undefined);
  if (truncated) response.destroy();
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('cannot tell the port');
  return address.port;
}
