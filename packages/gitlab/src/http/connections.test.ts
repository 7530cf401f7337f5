import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { rejectionOf, temporaryDirectory } from '@drayage/core/testing';
import { startFakeGitlab } from '../testing/fake-gitlab.ts';
import type { FakeGitlab } from '../testing/fake-gitlab.ts';
import { createConnections, defaultTimeouts } from './connections.ts';
import type { Connections, Surroundings } from './connections.ts';
import { readBytes } from './read-text.ts';

let tls: { readonly key: string; readonly cert: string };
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  const { path, remove } = await temporaryDirectory();
  const files = ['-keyout', join(path, 'key.pem'), '-out', join(path, 'cert.pem')];
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ];
  const names = ['-subj', '/CN=gitlab.test', '-addext', 'subjectAltName=DNS:gitlab.test,IP:127.0.0.1'];
  await promisify(execFile)('openssl', [...kind, ...names, ...files]);
  tls = {
    key: await readFile(join(path, 'key.pem'), 'utf8'),
    cert: await readFile(join(path, 'cert.pem'), 'utf8'),
  };
  await remove();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function connections(surroundings: Surroundings = {}, timeouts = defaultTimeouts): Connections {
  const made = createConnections(surroundings, timeouts);
  closing.push(() => made.close());
  return made;
}

async function gitlabWithTls(): Promise<FakeGitlab> {
  const gitlab = await startFakeGitlab({ tls });
  closing.push(() => gitlab.close());
  return gitlab;
}

async function get(made: Connections, url: string): Promise<number> {
  const response = await made.send({ method: 'GET', url: new URL(url), headers: {}, signal: undefined });
  await readBytes(response.body, 1000);
  return response.status;
}

/** Lets through whoever logs in as `me`, to the one place there is: `target`. */
async function startProxy(target: () => string): Promise<{ readonly url: URL; readonly log: string[] }> {
  const log: string[] = [];
  const isLoggedIn = ({ headers }: IncomingMessage): boolean =>
    headers['proxy-authorization'] === 'Basic bWU6cGFzcw==';
  const server = createServer((request, response) => {
    log.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const url = new URL(request.url ?? '', target());
    const forwarded = httpRequest({ ...portOf(target()), path: url.pathname }, (answer) => {
      response.writeHead(answer.statusCode ?? 0);
      answer.pipe(response);
    });
    forwarded.end();
  });
  server.on('connect', (request, socket) => {
    log.push(`CONNECT ${request.url ?? ''}`);
    if (!isLoggedIn(request)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const { port } = portOf(target());
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  const url = new URL(`http://127.0.0.1:${await listen(server)}`);
  return { url, log };
}

function portOf(url: string): { readonly host: string; readonly port: number } {
  return { host: '127.0.0.1', port: Number(new URL(url).port) };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

describe('connections', () => {
  test('trust the authorities that they are given, and no other', async () => {
    const gitlab = await gitlabWithTls();
    expect(await get(connections({ authorities: [tls.cert] }), gitlab.url)).toBe(404);
    expect(await rejectionOf(get(connections(), gitlab.url))).toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });

  test('go through a proxy by a tunnel, with the login that only the proxy sees', async () => {
    const gitlab = await gitlabWithTls();
    const { url, log } = await startProxy(() => gitlab.url);
    const proxyFor = (): { url: URL; authorization: string } => ({
      url,
      authorization: 'Basic bWU6cGFzcw==',
    });
    const made = connections({ authorities: [tls.cert], proxyFor });
    expect(await get(made, 'https://gitlab.test/api/v4/x')).toBe(404);
    expect(log).toEqual(['CONNECT gitlab.test:443']);
    expect(gitlab.requests[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  test('verify whom they meet at the end of a tunnel', async () => {
    const gitlab = await gitlabWithTls();
    const { url } = await startProxy(() => gitlab.url);
    const proxyFor = (): { url: URL; authorization: string } => ({
      url,
      authorization: 'Basic bWU6cGFzcw==',
    });
    const made = connections({ authorities: [tls.cert], proxyFor });
    expect(await rejectionOf(get(made, 'https://other.test/'))).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  test('tell when the proxy lets nobody through', async () => {
    const { url } = await startProxy(() => 'http://127.0.0.1:1');
    const made = connections({ proxyFor: () => ({ url, authorization: undefined }) });
    expect(await rejectionOf(get(made, 'https://gitlab.test/'))).toMatchObject({ status: 407 });
  });

  test('give a proxy the whole URL of a plain request', async () => {
    const gitlab = await startFakeGitlab();
    closing.push(() => gitlab.close());
    const { url, log } = await startProxy(() => gitlab.url);
    const made = connections({ proxyFor: () => ({ url, authorization: undefined }) });
    expect(await get(made, 'http://gitlab.test/api/v4/x')).toBe(404);
    expect(log).toEqual(['GET http://gitlab.test/api/v4/x']);
  });

  test('give up on silence', async () => {
    const port = await listen(createServer(() => undefined));
    const made = connections({}, { connectMs: 1_000, idleMs: 20, storeMs: 20 });
    expect(await rejectionOf(get(made, `http://127.0.0.1:${port}`))).toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('take an early answer instead of sending the rest of a body', async () => {
    const port = await listen(
      createServer((_, response) => {
        response.writeHead(403, { connection: 'close' });
        response.end('no');
      }),
    );
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (; given < 1000; given += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        yield new Uint8Array(64 * 1024);
      }
    };
    const response = await connections().send({
      method: 'PUT',
      url: new URL(`http://127.0.0.1:${port}`),
      headers: {},
      body: { bytes: endless(), sizeBytes: 1000 * 64 * 1024 },
      signal: undefined,
    });
    expect(response.status).toBe(403);
    expect((await readBytes(response.body, 100)).bytes.toString()).toBe('no');
    expect(given).toBeLessThan(1000);
  });
});
