import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createDockerEngine } from './docker-engine.ts';
import type { EngineEndpoint } from './endpoint/endpoint.ts';
import { unreachable } from './engine-errors.ts';
import { startFakeEngine, type FakeEngine, type FakeEngineOptions } from './testing/fake-engine.ts';

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function fake(options: FakeEngineOptions = {}): Promise<FakeEngine> {
  const engine = await startFakeEngine(options);
  closers.push(engine.close);
  return engine;
}

function tcp(port: number): EngineEndpoint {
  const location = `tcp://127.0.0.1:${String(port)}`;
  return { location, origin: 'DOCKER_HOST', address: { kind: 'tcp', host: '127.0.0.1', port } };
}

/** A loopback server that sends every client one greeting, or nothing. */
async function listen(greeting?: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (greeting !== undefined) socket.end(greeting);
    closers.push(() => {
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
  });
  return portOf(server.address());
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return address.port;
}

describe('describe', () => {
  test('detects a classic engine', async () => {
    const { endpoint } = await fake();
    expect(await createDockerEngine({ endpoint }).describe()).toEqual({
      location: endpoint.location,
      version: '20.10.24',
      apiVersion: '1.41',
      imageStore: 'classic',
      storageDriver: 'overlay2',
      platform: { os: 'linux', architecture: 'amd64' },
    });
  });

  test('detects an engine with the containerd store', async () => {
    const { endpoint } = await fake({ driverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] });
    expect(await createDockerEngine({ endpoint }).describe()).toMatchObject({ imageStore: 'containerd' });
  });

  test('treats an engine without driver status as classic', async () => {
    const { endpoint } = await fake({
      handlers: {
        'GET /info': (_, response) => {
          response.end('{}');
        },
      },
    });
    const info = await createDockerEngine({ endpoint }).describe();
    expect(info).toMatchObject({ imageStore: 'classic', storageDriver: 'unknown' });
  });

  test.each([
    ['1.41', undefined, '1.41'],
    ['1.51', '1.24', '1.51'],
    ['1.99', '1.44', '1.51'],
    ['1.99', '1.60', '1.60'],
  ])(
    'queries an engine with API %s, at least %s, at version %s',
    async (apiVersion, minApiVersion, version) => {
      const minimum = minApiVersion === undefined ? {} : { minApiVersion };
      const { endpoint, requests } = await fake({ apiVersion, ...minimum });
      await createDockerEngine({ endpoint }).describe();
      expect(requests).toEqual(['GET /version', `GET /v${version}/info`]);
    },
  );

  test('refuses an engine whose API is too old, naming both versions', async () => {
    const { endpoint } = await fake({ version: '19.03.15', apiVersion: '1.40' });
    const failure = createDockerEngine({ endpoint }).describe();
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_TOO_OLD' });
    await expect(failure).rejects.toThrow(/19\.03\.15.*1\.40.*1\.41/);
  });

  test('queries again when called again', async () => {
    const { endpoint, requests } = await fake();
    const engine = createDockerEngine({ endpoint });
    await engine.describe();
    await engine.listChainIds();
    await engine.describe();
    expect(requests.filter((request) => request === 'GET /version')).toHaveLength(2);
  });
});

describe('an engine that cannot be reached', () => {
  const unreachableAt = (location: string): object => ({
    code: 'ENGINE_UNREACHABLE',
    message: expect.stringContaining(location),
    hint: expect.stringMatching(/\.$/),
  });

  test('because there is no socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'no-engine-'));
    closers.push(() => rm(folder, { recursive: true }));
    const socketPath = join(folder, 'docker.sock');
    const location = `unix://${socketPath}`;
    const endpoint: EngineEndpoint = {
      location,
      origin: 'the default',
      address: { kind: 'unix', socketPath },
    };
    await expect(createDockerEngine({ endpoint }).describe()).rejects.toMatchObject(unreachableAt(location));
  });

  test('because nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = portOf(server.address());
    server.close();
    await once(server, 'close');
    const failure = createDockerEngine({ endpoint: tcp(port) }).describe();
    await expect(failure).rejects.toMatchObject(unreachableAt(`127.0.0.1:${String(port)}`));
  });

  test('because it does not answer in time', async () => {
    const endpoint = tcp(await listen());
    const failure = createDockerEngine({ endpoint, connectTimeoutMs: 30 }).describe();
    await expect(failure).rejects.toMatchObject(unreachableAt(endpoint.location));
  });

  test.each([
    ['does not speak HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['hangs up', ''],
    ['is not an engine', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhey!'],
    ['requires TLS', 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n'],
  ])('because the server %s', async (_, greeting) => {
    const endpoint = tcp(await listen(greeting));
    const failure = createDockerEngine({ endpoint }).describe();
    await expect(failure).rejects.toMatchObject(unreachableAt(endpoint.location));
  });

  test('because the user lacks permission: the hint says what to do', () => {
    const denied = Object.assign(new Error('connect EACCES /var/run/docker.sock'), { code: 'EACCES' });
    const error = unreachable(tcp(1), denied);
    expect(error).toMatchObject({ code: 'ENGINE_UNREACHABLE', hint: expect.stringContaining('group') });
  });

  test('is queried again the next time', async () => {
    let isDown = true;
    const { endpoint } = await fake({
      handlers: {
        'GET /version': (request, response) => {
          if (isDown) request.socket.destroy();
          else response.end('{"ApiVersion":"1.41","Version":"20.10.24","Os":"linux","Arch":"amd64"}');
        },
      },
    });
    const engine = createDockerEngine({ endpoint });
    await expect(engine.listChainIds()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    isDown = false;
    expect((await engine.listChainIds()).size).toBe(0);
  });

  test('is not awaited after an abort', async () => {
    const engine = createDockerEngine({ endpoint: tcp(await listen()) });
    const controller = new AbortController();
    const failure = engine.describe(controller.signal);
    controller.abort();
    await expect(failure).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

test('the environment has no effect once the endpoint is known', async () => {
  const { endpoint } = await fake();
  const saved = process.env['DOCKER_HOST'];
  process.env['DOCKER_HOST'] = 'tcp://elsewhere:not-a-port';
  try {
    expect(await createDockerEngine({ endpoint }).describe()).toMatchObject({ version: '20.10.24' });
    expect(process.env['DOCKER_HOST']).toBe('tcp://elsewhere:not-a-port');
  } finally {
    if (saved === undefined) delete process.env['DOCKER_HOST'];
    else process.env['DOCKER_HOST'] = saved;
  }
});
