import { afterEach, describe, expect, test } from '@jest/globals';
import { chainIds } from '@drayage/core/image';
import { digestOf, isDrayError, parseReference, type Engine } from '@drayage/core';
import { createDockerEngine, type DockerEngineOptions } from './docker-engine.ts';
import { drain, sendJson, startFakeEngine } from './testing/fake-engine.ts';
import type { FakeEngine, FakeEngineOptions } from './testing/fake-engine.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(
  options: FakeEngineOptions = {},
  more: Omit<DockerEngineOptions, 'endpoint'> = {},
): Promise<{ fake: FakeEngine; engine: Engine }> {
  const fake = await startFakeEngine(options);
  closers.push(fake.close);
  return { fake, engine: createDockerEngine({ endpoint: fake.endpoint, ...more }) };
}

const linux = { os: 'linux', architecture: 'amd64' };
const id = digestOf('image');
const base = digestOf('base');
const left = digestOf('left');
const right = digestOf('right');

describe('inspect', () => {
  const image = { id, diffIds: [base], names: ['redis:7', `ghcr.io/org/app@${id}`] };

  test.each([
    ['a tag', parseReference('docker.io/library/redis:7')],
    ['a digest', parseReference(`ghcr.io/org/app@${id}`)],
    ['a digest, ignoring the tag', parseReference(`ghcr.io/org/app:other@${id}`)],
    ['an ID', id],
  ])('finds an image by %s', async (_, name) => {
    const { engine } = await start({ images: [image] });
    expect(await engine.inspect(name)).toMatchObject({ engineImageId: id, diffIds: [base], repoDigests: [] });
  });

  test('returns undefined for a missing image', async () => {
    const { engine } = await start({ images: [image] });
    expect(await engine.inspect(parseReference('redis:8'))).toBeUndefined();
  });

  test('reports a failure of the engine', async () => {
    const { engine } = await start({
      handlers: {
        'GET /images/redis:7/json': (_, response) => {
          sendJson(response, 500, { message: 'database is locked' });
        },
      },
    });
    const failure = engine.inspect(parseReference('redis:7'));
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_API' });
    await expect(failure).rejects.toThrow(/redis:7.*database is locked/);
  });
});

describe('listChainIds', () => {
  test('returns the chainIds of every image', async () => {
    const images = [
      { id: digestOf('1'), diffIds: [base, left] },
      { id: digestOf('2'), diffIds: [base, right, left] },
      { id: digestOf('3'), diffIds: [right], hasVanished: true },
      ...Array.from({ length: 20 }, (_, n) => ({ id: digestOf(`more ${String(n)}`), diffIds: [base] })),
    ];
    const { engine } = await start({ images });
    const expected = [...chainIds([base, left]), ...chainIds([base, right, left])];
    expect([...(await engine.listChainIds())].sort()).toEqual([...new Set(expected)].sort());
  });

  test('sends no more requests to an empty engine', async () => {
    const { engine, fake } = await start();
    expect((await engine.listChainIds()).size).toBe(0);
    expect(fake.requests.slice(2)).toEqual(['GET /v1.41/images/json?all=true']);
  });

  test('omits images that a containerd store has not unpacked for the reported platform', async () => {
    const manifest = (architecture: string, unpacked: number): object => ({
      Kind: 'image',
      ImageData: { Platform: { os: 'linux', architecture }, Size: { Unpacked: unpacked } },
    });
    const { engine } = await start({
      version: '28.5.2',
      apiVersion: '1.51',
      driverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
      images: [
        {
          id: digestOf('1'),
          diffIds: [base],
          listed: { Manifests: [manifest('arm64', 0), manifest('amd64', 4096)] },
        },
        { id: digestOf('2'), diffIds: [left], listed: { Manifests: [manifest('amd64', 0)] } },
        { id: digestOf('3'), diffIds: [right], listed: { Manifests: [manifest('arm64', 4096)] } },
      ],
    });
    expect([...(await engine.listChainIds())]).toEqual([base]);
  });
});

describe('tag', () => {
  test('adds the name to the image', async () => {
    const tagged: string[] = [];
    const { engine } = await start({
      handlers: {
        [`POST /images/${id}/tag`]: (request, response) => {
          tagged.push(new URL(String(request.url), 'http://engine').search);
          response.writeHead(201).end();
        },
      },
    });
    await engine.tag(id, parseReference('ghcr.io/org/app:1'));
    expect(tagged.map((query) => Object.fromEntries(new URLSearchParams(query)))).toEqual([
      { repo: 'ghcr.io/org/app', tag: '1' },
    ]);
  });

  test('fails for a missing image', async () => {
    const { engine } = await start();
    await expect(engine.tag(id, parseReference('app:1'))).rejects.toMatchObject({ code: 'ENGINE_API' });
  });
});

describe('pull', () => {
  const seen: { query: Record<string, string>; auth: unknown }[] = [];
  const pulling = (body: string, status = 200): FakeEngineOptions => ({
    handlers: {
      'POST /images/create': async (request, response) => {
        await drain(request);
        const query = Object.fromEntries(new URL(String(request.url), 'http://engine').searchParams);
        seen.push({ query, auth: request.headers['x-registry-auth'] });
        response.writeHead(status).end(body);
      },
    },
  });

  afterEach(() => {
    seen.length = 0;
  });

  test.each([
    ['redis:7', { fromImage: 'redis', tag: '7' }],
    [`ghcr.io/org/app:1@${id}`, { fromImage: 'ghcr.io/org/app', tag: id }],
  ])('requests %s like the docker client', async (name, query) => {
    const { engine } = await start(pulling('{"status":"Downloaded newer image"}\n'));
    await engine.pull(parseReference(name), linux);
    expect(seen).toEqual([{ query, auth: undefined }]);
  });

  test('sends a platform that differs from the engine’s own', async () => {
    const { engine } = await start(pulling(''));
    await engine.pull(parseReference('redis:7'), { os: 'linux', architecture: 'arm', variant: 'v6' });
    expect(seen[0]?.query).toMatchObject({ platform: 'linux/arm/v6' });
  });

  test('sends the credentials for this reference to the engine only', async () => {
    const asked: string[] = [];
    const { engine, fake } = await start(pulling('{"error":"denied"}'), {
      authFor: (reference) => {
        asked.push(reference.registry);
        return Promise.resolve({ username: 'me', password: 's3cret-token?>', serveraddress: 'ghcr.io' });
      },
    });
    const failure = engine.pull(parseReference('ghcr.io/org/app:1'), linux);
    await expect(failure).rejects.toThrow(expect.not.stringContaining('s3cret'));
    expect(asked).toEqual(['ghcr.io']);
    const auth: unknown = JSON.parse(Buffer.from(String(seen[0]?.auth), 'base64url').toString());
    expect(auth).toEqual({ username: 'me', password: 's3cret-token?>', serveraddress: 'ghcr.io' });
    expect(fake.requests.join()).not.toContain('s3cret');
  });

  test.each([
    [
      'an error line',
      '{"status":"Pulling"}\n{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}',
      200,
    ],
    ['an error line without newline', '{"error":"manifest unknown"}', 200],
    ['an error response', '{"message":"manifest unknown"}', 404],
    ['a response that is not JSON', 'manifest unknown', 401],
  ])('fails on %s with the engine’s reason', async (_, body, status) => {
    const { engine } = await start(pulling(body, status));
    const failure = engine.pull(parseReference('redis:7'), linux);
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_PULL_FAILED' });
    await expect(failure).rejects.toThrow(/redis:7.*manifest unknown/);
  });

  test('can be aborted', async () => {
    const controller = new AbortController();
    const { engine } = await start({
      handlers: {
        'POST /images/create': (_, response) => {
          response.write('{"status":"Pulling"}\n', () => {
            controller.abort();
          });
        },
      },
    });
    const failure = engine.pull(parseReference('redis:7'), linux, controller.signal);
    await expect(failure).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('checkUsable', () => {
  test('creates a container and removes it', async () => {
    const { engine, fake } = await start({
      handlers: {
        'POST /containers/create': (_, response) => {
          sendJson(response, 201, { Id: 'c0ffee', Warnings: [] });
        },
        'DELETE /containers/c0ffee': (_, response) => {
          response.writeHead(204).end();
        },
      },
    });
    await engine.checkUsable(id);
    expect(fake.requests).toContain('DELETE /v1.41/containers/c0ffee?force=true&v=true');
  });

  test.each([
    [true, undefined],
    [false, 'ENGINE_LAYER_MISSING'],
  ])('checks in a containerd store whether the content is available: %s', async (isAvailable, code) => {
    const { engine } = await start({
      apiVersion: '1.51',
      driverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
      handlers: {
        'POST /containers/create': (_, response) => {
          sendJson(response, 201, { Id: 'c0ffee', Warnings: [] });
        },
        'DELETE /containers/c0ffee': (_, response) => {
          response.writeHead(204).end();
        },
        'GET /images/json': (_, response) => {
          const manifest = { Available: isAvailable, ImageData: { Platform: linux } };
          sendJson(response, 200, [{ Id: id, Manifests: [manifest] }]);
        },
      },
    });
    const failure = await engine.checkUsable(id).catch((error: unknown) => error);
    expect(isDrayError(failure) ? failure.code : undefined).toBe(code);
  });

  test('removes the container even when aborted meanwhile', async () => {
    const controller = new AbortController();
    const { engine, fake } = await start({
      handlers: {
        'POST /containers/create': (_, response) => {
          controller.abort();
          sendJson(response, 201, { Id: 'c0ffee' });
        },
        'DELETE /containers/c0ffee': (_, response) => {
          response.writeHead(204).end();
        },
      },
    });
    await expect(engine.checkUsable(id, controller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(fake.requests.at(-1)).toContain('DELETE');
  });

  test('reports a missing layer when no container can be created', async () => {
    const { engine } = await start({
      handlers: {
        'POST /containers/create': (_, response) => {
          sendJson(response, 500, { message: 'failed to extract layer: content digest not found' });
        },
      },
    });
    await expect(engine.checkUsable(id)).rejects.toMatchObject({ code: 'ENGINE_LAYER_MISSING' });
  });
});
