import { afterEach, describe, expect, test } from '@jest/globals';
import { digestOf, parseReference } from '@drayage/core';
import { createDockerEngine } from '../docker-engine.ts';
import { sendJson, startFakeEngine, type FakeEngine, type FakeHandler } from '../testing/fake-engine.ts';

const route = 'GET /images/get';
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function start(
  handler: FakeHandler,
): Promise<{ fake: FakeEngine; engine: ReturnType<typeof createDockerEngine> }> {
  const fake = await startFakeEngine({ handlers: { [route]: handler } });
  closers.push(fake.close);
  return { fake, engine: createDockerEngine({ endpoint: fake.endpoint }) };
}

describe('an engine’s archive', () => {
  test('is requested with all names at once', async () => {
    const { fake, engine } = await start((_, response) => {
      response.end('archive');
    });
    const id = digestOf('id');
    const archive = await engine.save([parseReference('docker.io/library/redis:7'), id]);
    expect((await archive.toArray()).join('')).toBe('archive');
    const asked = new URL(fake.requests.at(-1)?.split(' ')[1] ?? '', 'http://engine');
    expect(asked.searchParams.getAll('names')).toEqual(['redis:7', id]);
  });

  test('fails for a missing image, which is named', async () => {
    const { engine } = await start((_, response) => {
      sendJson(response, 404, { message: 'reference does not exist' });
    });
    const failure = engine.save([parseReference('app:1')]);
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_IMAGE_NOT_FOUND' });
    await expect(failure).rejects.toThrow('app:1');
  });

  test('fails with the error of the engine', async () => {
    const { engine } = await start((_, response) => {
      sendJson(response, 500, { message: 'no space left on device' });
    });
    const failure = engine.save([parseReference('app:1')]);
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_API' });
    await expect(failure).rejects.toThrow('no space left on device');
  });

  test('ends when aborted', async () => {
    const { engine } = await start((request, response) => {
      response.write('begin');
      setImmediate(() => request.socket.destroy());
    });
    const archive = await engine.save([parseReference('app:1')]);
    await expect(archive.toArray()).rejects.toMatchObject({ code: 'ECONNRESET' });
    const aborted = engine.save([parseReference('app:1')], AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
