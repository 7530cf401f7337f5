import { afterEach, describe, expect, test } from '@jest/globals';
import { digestOf } from '@drayage/core';
import { createDockerEngine } from '../docker-engine.ts';
import { drain, sendJson, startFakeEngine } from '../testing/fake-engine.ts';
import type { FakeEngine, FakeHandler } from '../testing/fake-engine.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const image = digestOf('helper');

/** An engine that imports the helper container's image, with `handlers` for other requests. */
async function engineWith(handlers: Readonly<Record<string, FakeHandler>>): Promise<FakeEngine> {
  const fake = await startFakeEngine({
    handlers: {
      'POST /images/create': async (request, response) => {
        await drain(request);
        sendJson(response, 200, { status: image });
      },
      [`DELETE /images/${image}`]: (_, response) => {
        sendJson(response, 200, []);
      },
      'DELETE /containers/c1': (_, response) => {
        response.writeHead(204).end();
      },
      ...handlers,
    },
  });
  closers.push(fake.close);
  return fake;
}

function refusing(status: number, message: string): FakeHandler {
  return async (request, response) => {
    await drain(request);
    sendJson(response, status, { message });
  };
}

const creating: FakeHandler = async (request, response) => {
  await drain(request);
  sendJson(response, 201, { Id: 'c1', Warnings: [] });
};

async function open(fake: FakeEngine, signal?: AbortSignal): Promise<unknown> {
  return createDockerEngine({ endpoint: fake.endpoint }).openHelperContainer({ volume: 'packs', signal });
}

const removesImage = new RegExp(`^DELETE /v1.41/images/${image}\\?force=true$`);

describe('a helper container', () => {
  test.each([
    [
      'a plugin forbids it',
      403,
      'authorization denied by plugin policy: privileged is not allowed',
      'MOUNT_UNAVAILABLE',
    ],
    [
      'the engine maps users',
      400,
      'privileged mode is incompatible with user namespaces',
      'MOUNT_UNAVAILABLE',
    ],
    ['the engine fails', 500, 'database is locked', 'ENGINE_HELPER_FAILED'],
  ])('that cannot be created, because %s, leaves no image', async (_, status, message, code) => {
    const fake = await engineWith({ 'POST /containers/create': refusing(status, message) });
    const failure = open(fake);
    await expect(failure).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    expect(fake.requests).toContainEqual(expect.stringMatching(removesImage));
  });

  test.each([
    ['unable to apply caps: operation not permitted', 'MOUNT_UNAVAILABLE'],
    ['exec: "/bin/sh": stat /bin/sh: no such file or directory', 'ENGINE_HELPER_FAILED'],
  ])('that cannot be started leaves no container: %s', async (message, code) => {
    const fake = await engineWith({
      'POST /containers/create': creating,
      'POST /containers/c1/attach': refusing(500, message),
    });
    await expect(open(fake)).rejects.toMatchObject({ code });
    expect(fake.requests.at(-1)).toBe('DELETE /v1.41/containers/c1?force=true');
  });

  test('has the program folders that exist on the host', async () => {
    const wanted: unknown[] = [];
    const fake = await engineWith({
      'POST /containers/create': async (request, response) => {
        const body = Buffer.concat(await request.toArray()).toString();
        const sources = [...body.matchAll(/"Source":"([^"]*)"/g)].map(([, source = '']) => source);
        wanted.push(sources);
        const missing = sources.find((source) => ['/lib64', '/sbin'].includes(source));
        const message = `invalid mount config: bind source path does not exist: ${String(missing)}`;
        sendJson(response, 400, { message: missing === undefined ? 'enough' : message });
      },
    });
    await expect(open(fake)).rejects.toMatchObject({ code: 'ENGINE_HELPER_FAILED' });
    expect(wanted).toEqual([
      ['/bin', '/sbin', '/usr', '/lib', '/lib64', 'packs'],
      ['/bin', '/usr', '/lib', '/lib64', 'packs'],
      ['/bin', '/usr', '/lib', 'packs'],
    ]);
  });

  test('is not attempted in a rootless engine', async () => {
    const fake = await engineWith({
      'GET /info': (_, response) => {
        sendJson(response, 200, {
          Driver: 'overlay2',
          SecurityOptions: ['name=seccomp,profile=builtin', 'name=rootless'],
        });
      },
    });
    await expect(open(fake)).rejects.toMatchObject({ code: 'MOUNT_UNAVAILABLE' });
    expect(fake.requests).not.toContainEqual(expect.stringContaining('/images/create'));
  });

  test('is not attempted after an abort', async () => {
    const fake = await engineWith({});
    await expect(open(fake, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
    expect(fake.requests).not.toContainEqual(expect.stringContaining('/images/create'));
  });
});
