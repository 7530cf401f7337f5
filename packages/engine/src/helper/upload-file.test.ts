import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { HelperFile } from '@drayage/core';
import { connect, type Connection } from '../connection.ts';
import { drain, readArchive, sendJson, startFakeEngine, type FakeHandler } from '../testing/fake-engine.ts';
import { uploadFile } from './upload-file.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const place = { containerId: 'c1', folder: '/drayage' };

/** An engine that answers uploads with `handler`. */
async function answering(
  handler: FakeHandler,
): Promise<{ connection: Connection; requests: readonly string[] }> {
  const engine = await startFakeEngine({ handlers: { 'PUT /containers/c1/archive': handler } });
  closers.push(engine.close);
  return { connection: await connect(engine.endpoint, { timeoutMs: 60_000 }), requests: engine.requests };
}

function fileOf(content: Buffer, size: number = content.byteLength): HelperFile {
  const open = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < content.byteLength; at += 100_000)
      yield await Promise.resolve(content.subarray(at, at + 100_000));
  };
  return { name: 'pack', size, open: () => Promise.resolve(open()) };
}

describe('an upload', () => {
  const content = randomBytes(3_000_000);

  test('writes exactly the file into the folder', async () => {
    const archives: ReadonlyMap<string, Buffer>[] = [];
    const { connection, requests } = await answering(async (request, response) => {
      archives.push(await readArchive(request));
      response.end();
    });
    await uploadFile(connection, place, fileOf(content), undefined);
    expect([...(archives[0]?.keys() ?? [])]).toEqual(['pack']);
    expect(archives[0]?.get('pack')?.equals(content)).toBe(true);
    expect(requests.at(-1)).toBe('PUT /v1.41/containers/c1/archive?path=%2Fdrayage');
  });

  test('reports why the engine refuses it', async () => {
    const { connection } = await answering(async (request, response) => {
      await drain(request);
      sendJson(response, 500, { message: 'no space left on device' });
    });
    const failure = uploadFile(connection, place, fileOf(content), undefined);
    await expect(failure).rejects.toMatchObject({
      code: 'ENGINE_HELPER_FAILED',
      message: expect.stringContaining('no space left on device'),
    });
  });

  test('reports a refusal that comes before the engine has read everything', async () => {
    const { connection } = await answering((_, response) => {
      response.writeHead(403, { Connection: 'close' }).end('{"message":"authorization denied"}');
    });
    await expect(uploadFile(connection, place, fileOf(content), undefined)).rejects.toMatchObject({
      code: 'ENGINE_HELPER_FAILED',
    });
  });

  test('fails when the engine goes away', async () => {
    const { connection } = await answering((request) => {
      request.once('data', () => request.socket.destroy());
    });
    await expect(uploadFile(connection, place, fileOf(content), undefined)).rejects.toMatchObject({
      code: 'ENGINE_HELPER_FAILED',
    });
  });

  test.each([content.byteLength - 1, content.byteLength + 1])(
    'with more or fewer bytes than announced (%d) is not completed',
    async (size) => {
      const ends: string[] = [];
      const { connection } = await answering((request) => {
        request.resume().once('close', () => ends.push(request.complete ? 'complete' : 'broken off'));
      });
      const failure = uploadFile(connection, place, fileOf(content, size), undefined);
      await expect(failure).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
      await Promise.all(closers.splice(0).map((close) => close()));
      expect(ends).toEqual(['broken off']);
    },
  );

  test('throws what its source throws', async () => {
    const { connection } = await answering(drain);
    const broken = Object.assign(new Error('broken'), { code: 'DIGEST_MISMATCH' });
    const open = async function* (): AsyncGenerator<Uint8Array> {
      yield content;
      yield await Promise.reject<Buffer>(broken);
    };
    const file = { name: 'pack', size: content.byteLength + 1, open: () => Promise.resolve(open()) };
    await expect(uploadFile(connection, place, file, undefined)).rejects.toBe(broken);
  });

  test('ends with an abort', async () => {
    const controller = new AbortController();
    const { connection } = await answering((request) => {
      request.once('data', () => {
        request.pause();
        controller.abort();
      });
    });
    const failure = uploadFile(connection, place, fileOf(content), controller.signal);
    await expect(failure).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
