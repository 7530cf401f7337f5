import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Connection } from '../connection.ts';
import { createDockerClient } from '../docker-client.ts';
import { openHijacked } from './hijack.ts';

const servers: { server: Server; sockets: Duplex[] }[] = [];

afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
    server.closeAllConnections();
  }
});

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** An engine that answers upgrades with `onUpgrade`, or else does not support them. */
async function engineWith(onUpgrade: Upgrade | undefined, status = 404): Promise<Connection> {
  const sockets: Duplex[] = [];
  const server = createServer((_, response) => {
    response.writeHead(status).end('{"message":"no such container"}');
  });
  if (onUpgrade !== undefined) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      sockets.push(socket);
      onUpgrade(request, socket, head);
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push({ server, sockets });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const endpoint = {
    location: 'tcp://engine',
    origin: 'the test',
    address: { kind: 'tcp' as const, host: '127.0.0.1', port: address.port },
  };
  return {
    docker: createDockerClient(endpoint),
    endpoint,
    requestApiVersion: '1.41',
    info: {
      location: 'tcp://engine',
      version: '28.5.2',
      apiVersion: '1.51',
      imageStore: 'containerd',
      storageDriver: 'overlayfs',
      platform: { os: 'linux', architecture: 'amd64' },
    },
  };
}

const accepted = 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n';

describe('a raw connection', () => {
  test('carries data sent with the response and after it, and none of the request', async () => {
    const seen: string[] = [];
    const connection = await engineWith((request, socket) => {
      seen.push(
        `${String(request.method)} ${String(request.url)} ${String(request.headers['content-length'])}`,
      );
      socket.write(`${accepted}first `);
      socket.on('data', (bytes: Buffer) => {
        seen.push(bytes.toString());
        socket.end('second');
      });
    });
    const raw = await openHijacked(connection, '/containers/x/attach?stdin=1');
    raw.write('input');
    expect((await raw.setEncoding('utf8').toArray()).join('')).toBe('first second');
    expect(seen).toEqual(['POST /v1.41/containers/x/attach?stdin=1 0', 'input']);
  });

  test('is requested with a body', async () => {
    const bodies: string[] = [];
    const connection = await engineWith((_, socket, head) => {
      bodies.push(head.toString());
      socket.write(accepted);
    });
    const raw = await openHijacked(connection, '/exec/x/start', { body: { Tty: false } });
    raw.destroy();
    expect(bodies).toEqual(['{"Tty":false}']);
  });

  test('that is refused fails with the engine’s reason', async () => {
    const failure = openHijacked(await engineWith(undefined), '/containers/x/attach');
    await expect(failure).rejects.toMatchObject({
      statusCode: 404,
      message: expect.stringContaining('no such container'),
    });
  });

  test('fails when a proxy does not support it', async () => {
    const failure = openHijacked(await engineWith(undefined, 200), '/containers/x/attach');
    await expect(failure).rejects.toMatchObject({ statusCode: 200 });
  });

  test('is not awaited after an abort', async () => {
    const controller = new AbortController();
    const connection = await engineWith(() => {
      controller.abort();
    });
    const failure = openHijacked(connection, '/containers/x/attach', { signal: controller.signal });
    await expect(failure).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(openHijacked(connection, '/x', { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});
