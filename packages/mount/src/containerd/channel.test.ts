import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, type ByteStream } from '@drayage/core';
import { openChannel, type Channel } from './channel.ts';
import { contentOf } from './content.ts';
import { openDial } from './dial.ts';
import { imagesOf } from './images.ts';
import { absentAsUndefined, hasStatus, madeAnew } from './status.ts';
import { startGrpcServer, type Handler, type Refusal } from './testing/grpc-server.ts';

const content = '/containerd.services.content.v1.Content';

describe('calls to containerd', () => {
  let folder: string;
  let socketPath: string;
  let server: { stop(): Promise<void> };
  let channel: Channel;
  let seen: { name: string; namespace: unknown }[];
  let refusal: Refusal | undefined;
  let written: { action: number; offset: number; bytes: number; labels: object }[];

  const hello: Handler = (request, headers) => {
    seen.push({ name: request.text(1), namespace: headers['containerd-namespace'] });
    if (request.text(1) === 'silence') return undefined;
    return refusal === undefined
      ? { answers: [[[1, `hello ${request.text(1)}`]]], end: true }
      : { answers: [], refusal };
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dray-unit-'));
    socketPath = join(folder, 's');
    seen = [];
    written = [];
    refusal = undefined;
    server = await startGrpcServer(socketPath, {
      '/test/Hello': hello,
      '/test/List': () => ({ answers: [[[1, 'a']], [[1, 'b']]], end: true }),
      '/containerd.services.images.v1.Images/Get': hello,
      [`${content}/Info`]: hello,
      [`${content}/Write`]: (request) => {
        const bytes = request.bytes(6).length;
        written.push({
          action: request.count(1),
          offset: request.count(5),
          bytes,
          labels: request.textMap(7),
        });
        return refusal === undefined
          ? { answers: [[[4, request.count(5) + bytes]]], end: request.count(1) === 2 }
          : { answers: [], refusal };
      },
      [`${content}/Update`]: (request) => {
        written.push({ action: -1, offset: 0, bytes: 0, labels: request.message(1)?.textMap(5) ?? {} });
        return { answers: [[]], end: true };
      },
    });
    channel = await openChannel({ socketPath, headers: { 'containerd-namespace': 'moby' } });
  });

  afterEach(async () => {
    channel.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  test('carry the namespace, and give the answer', async () => {
    expect((await channel.call('/test/Hello', [[1, 'you']])).text(1)).toBe('hello you');
    expect(seen).toEqual([{ name: 'you', namespace: 'moby' }]);
    expect((await channel.list('/test/List', [])).map((answer) => answer.text(1))).toEqual(['a', 'b']);
  });

  test('that are refused throw CONTAINERD_API with the call and the status', async () => {
    refusal = { status: 9, text: 'cannot remove snapshot with child' };
    await expect(channel.call('/test/Hello', [])).rejects.toMatchObject({
      code: 'CONTAINERD_API',
      details: { call: '/test/Hello', status: 'FAILED_PRECONDITION' },
    });
    await expect(channel.list('/test/Nothing', [])).rejects.toMatchObject({
      code: 'CONTAINERD_API',
      details: { status: 'UNIMPLEMENTED' },
    });
  });

  test('give absence, and what is there already, as values', async () => {
    refusal = { status: 5, text: 'not found' };
    expect(await absentAsUndefined(channel.call('/test/Hello', []))).toBeUndefined();
    expect(await imagesOf(channel).get('docker.io/library/redis:7')).toBeUndefined();
    await expect(madeAnew(channel.call('/test/Hello', []))).rejects.toMatchObject({ code: 'CONTAINERD_API' });
    refusal = { status: 6, text: 'already exists' };
    expect(await madeAnew(channel.call('/test/Hello', []))).toBe(false);
    refusal = undefined;
    expect(await madeAnew(channel.call('/test/Hello', []))).toBe(true);
  });

  test('end in time where containerd is silent', async () => {
    const silence = channel.call('/test/Hello', [[1, 'silence']], { timeoutMs: 50 });
    await expect(silence).rejects.toMatchObject({ details: { status: 'DEADLINE_EXCEEDED' } });
  });

  test('are aborted by their signal', async () => {
    const stop = new AbortController();
    const abortable = await openChannel({ socketPath, headers: {}, signal: stop.signal });
    const silence = abortable.call('/test/Hello', [[1, 'silence']]);
    stop.abort();
    await expect(silence).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(abortable.list('/test/List', [])).rejects.toMatchObject({ code: 'ABORTED' });
    abortable.close();
  });

  test('to nobody say that containerd is not available', async () => {
    const nobody = await openChannel({ socketPath: join(folder, 'nobody'), headers: {} });
    const call = nobody.call('/test/Hello', [], { timeoutMs: 60_000 });
    await expect(call).rejects.toMatchObject({ details: { status: 'UNAVAILABLE' } });
    nobody.close();
  });

  test('go through connections that somebody else makes, by a socket that is gone afterwards', async () => {
    const connected = (): Promise<ReturnType<typeof connect>> => Promise.resolve(connect(socketPath));
    const dial = await openDial({ localSocket: undefined, connectContainerd: connected });
    const relayed = await openChannel({ socketPath: dial.socketPath, headers: {} });
    expect((await relayed.call('/test/Hello', [[1, 'relay']])).text(1)).toBe('hello relay');
    relayed.close();
    await dial.close();
    expect(readdirSync(tmpdir())).not.toContain(dial.socketPath.split('/').at(-2));
  });

  describe('that store blobs', () => {
    const blobOf = (
      bytes: Uint8Array,
    ): { mediaType: string; digest: ReturnType<typeof digestOf>; size: number } => ({
      mediaType: 'text/plain',
      digest: digestOf(bytes),
      size: bytes.length,
    });
    async function* inPieces(bytes: Uint8Array): ByteStream {
      for (let at = 0; at < bytes.length; at += 300_000)
        yield await Promise.resolve(bytes.subarray(at, at + 300_000));
    }

    test('send a small one with the commit', async () => {
      const bytes = Buffer.from('{}');
      await contentOf(channel).write(blobOf(bytes), () => Promise.resolve(inPieces(bytes)), { a: 'b' });
      expect(written).toEqual([{ action: 2, offset: 0, bytes: 2, labels: { a: 'b' } }]);
    });

    test('send a large one in pieces, each at its place', async () => {
      const bytes = Buffer.alloc(2_500_000, 1);
      await contentOf(channel).write(blobOf(bytes), () => Promise.resolve(inPieces(bytes)), {});
      expect(written.map(({ action, offset }) => [action, offset])).toEqual([
        [1, 0],
        [1, 0],
        [1, 1_200_000],
        [2, 2_400_000],
      ]);
      expect(written.reduce((sum, each) => sum + each.bytes, 0)).toBe(bytes.length);
    });

    test('do not open one that is there, and set its labels', async () => {
      refusal = { status: 6, text: 'already exists' };
      let opened = false;
      const open = (): Promise<ByteStream> => {
        opened = true;
        return Promise.resolve(inPieces(Buffer.alloc(0)));
      };
      await contentOf(channel).write(blobOf(Buffer.alloc(2_000_000)), open, { a: 'b' });
      expect(opened).toBe(false);
      expect(written.at(-1)).toMatchObject({ action: -1, labels: { a: 'b' } });
    });

    test('throw what their source throws', async () => {
      const broken = (): Promise<ByteStream> => Promise.reject(new Error('no bytes'));
      await expect(contentOf(channel).write(blobOf(Buffer.alloc(1)), broken, {})).rejects.toThrow('no bytes');
    });

    test('fail with what containerd says', async () => {
      refusal = { status: 9, text: 'unexpected commit digest' };
      const bytes = Buffer.from('x');
      const failure = contentOf(channel).write(blobOf(bytes), () => Promise.resolve(inPieces(bytes)), {});
      const error: unknown = await failure.catch((thrown: unknown) => thrown);
      expect(hasStatus(error, 'FAILED_PRECONDITION')).toBe(true);
    });
  });
});
