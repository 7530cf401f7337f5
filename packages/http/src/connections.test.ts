import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { rejectionOf } from '@drayage/core/testing';
import { readAtMost } from './bodies.ts';
import { createConnections, type ConnectionOptions, type Connections } from './connections.ts';
import { createTestCertificate } from './testing/certificate.ts';
import { startConnectProxy, type ConnectProxy } from './testing/connect-proxy.ts';

let tls = { key: '', cert: '' };
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  tls = await createTestCertificate();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function connections(options: Partial<ConnectionOptions> = {}): Connections {
  const made = createConnections({ userAgent: 'test', ...options });
  closing.push(() => made.close());
  return made;
}

/** A server that answers 404; its host, and the requests it got. */
async function serve(
  isTls: boolean,
): Promise<{ readonly host: string; readonly requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const answer: RequestListener = (request, response) => {
    requests.push(request);
    response.writeHead(404).end();
  };
  const port = await listen(isTls ? createTlsServer(tls, answer) : createServer(answer));
  return { host: `127.0.0.1:${port}`, requests };
}

async function get(made: Connections, url: string): Promise<number> {
  const response = await made.send({ method: 'GET', url: new URL(url), signal: undefined });
  await readAtMost(response.body, 1000);
  return response.status;
}

/** A proxy that only serves `me`, on the way to one server by any of three names. */
async function startProxy(host = '127.0.0.1:1'): Promise<ConnectProxy> {
  const names = ['registry.test:443', 'other.test:443', 'registry.test:80'];
  const proxy = await startConnectProxy({
    routes: Object.fromEntries(names.map((name) => [name, host])),
    user: { username: 'me', password: 'pass' },
  });
  closing.push(() => proxy.close());
  return proxy;
}

function through({ host }: ConnectProxy, authorization?: string): Pick<ConnectionOptions, 'proxyFor'> {
  return { proxyFor: () => ({ url: new URL(`http://${host}`), authorization, secrets: [] }) };
}

const login = 'Basic bWU6cGFzcw==';

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

describe('connections', () => {
  test('trust the CA certificates that they are given, and no other', async () => {
    const { host } = await serve(true);
    expect(await get(connections({ ca: tls.cert }), `https://${host}`)).toBe(404);
    expect(await rejectionOf(get(connections(), `https://${host}`))).toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });

  test('go through a proxy by a tunnel, with the login that only the proxy sees', async () => {
    const { host, requests } = await serve(true);
    const proxy = await startProxy(host);
    const made = connections({ ca: tls.cert, ...through(proxy, login) });
    expect(await get(made, 'https://registry.test/api/v4/x')).toBe(404);
    expect(proxy.log).toEqual(['CONNECT registry.test:443']);
    expect(requests[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  test('verify whom they meet at the end of a tunnel', async () => {
    const proxy = await startProxy((await serve(true)).host);
    const made = connections({ ca: tls.cert, ...through(proxy, login) });
    expect(await rejectionOf(get(made, 'https://other.test/'))).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  test('report a proxy that refuses the login', async () => {
    const made = connections(through(await startProxy()));
    expect(await rejectionOf(get(made, 'https://registry.test/'))).toMatchObject({ cause: { status: 407 } });
  });

  test('give a proxy the whole URL of a plain request', async () => {
    const proxy = await startProxy((await serve(false)).host);
    expect(await get(connections(through(proxy, login)), 'http://registry.test/api/v4/x')).toBe(404);
    expect(proxy.log).toEqual(['GET http://registry.test/api/v4/x']);
  });

  test('give up on silence', async () => {
    const port = await listen(createServer(() => undefined));
    const made = connections({ timeouts: { headersMs: 20 } });
    expect(await rejectionOf(get(made, `http://127.0.0.1:${port}`))).toMatchObject({
      code: 'UND_ERR_HEADERS_TIMEOUT',
    });
  });

  test('give up on a header that comes byte by byte', async () => {
    const port = await listen(
      createServer(({ socket }) => {
        const text = `HTTP/1.1 200 OK\r\nx-slow: ${'x'.repeat(10_000)}`;
        let sent = 0;
        const timer = setInterval(() => socket.write(text.charAt((sent += 1) - 1)), 5);
        socket.on('error', () => undefined).on('close', () => clearInterval(timer));
      }),
    );
    const made = connections({ timeouts: { headersMs: 50 } });
    expect(await rejectionOf(get(made, `http://127.0.0.1:${port}`))).toMatchObject({
      code: 'UND_ERR_HEADERS_TIMEOUT',
    });
  });

  test('fail after they are closed', async () => {
    const made = connections();
    await made.close();
    await made.close();
    expect(await rejectionOf(get(made, 'http://127.0.0.1:1'))).toMatchObject({ code: 'UND_ERR_DESTROYED' });
  });

  test.each([
    ['before its end', 403, 1000],
    ['after a large file of the right size', 404, 32],
  ])('send a body, and take an answer that comes %s', async (_, status, pieces) => {
    const received: number[] = [];
    const port = await listen(
      createServer((request, response) => {
        if (status === 403) {
          response.writeHead(403, { connection: 'close' });
          response.end('no');
          return;
        }
        request.on('data', (chunk: Buffer) => received.push(chunk.byteLength));
        request.on('end', () => response.writeHead(404).end('no'));
      }),
    );
    let given = 0;
    const content = async function* (): AsyncGenerator<Uint8Array> {
      for (; given < pieces; given += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        yield new Uint8Array(64 * 1024);
      }
    };
    const sizeBytes = pieces * 64 * 1024;
    const response = await connections().send({
      method: 'PUT',
      url: new URL(`http://127.0.0.1:${port}`),
      body: { bytes: content(), sizeBytes },
      signal: undefined,
    });
    expect(response.status).toBe(status);
    expect((await readAtMost(response.body, 100)).bytes.toString()).toBe('no');
    expect(given).toBeLessThan(1000);
    if (status === 404) expect(received.reduce((sum, size) => sum + size, 0)).toBe(sizeBytes);
  });

  test('fail with the error of a source that breaks off', async () => {
    const port = await listen(createServer((request) => request.resume()));
    const failure = new Error('the source broke off');
    const content = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw failure;
    };
    const sent = connections().send({
      method: 'PUT',
      url: new URL(`http://127.0.0.1:${port}`),
      body: { bytes: content(), sizeBytes: 20 },
      signal: undefined,
    });
    expect(await rejectionOf(sent)).toMatchObject({ cause: failure });
  });
});
