import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, type ByteStream } from '@drayage/core';
import { openChannel, type Channel } from './channel.ts';
import { contentOf } from './content.ts';
import { openDial } from './dial.ts';
import { Content } from './generated/content_pb.ts';
import { Images } from './generated/images_pb.ts';
import { imagesOf } from './images.ts';
import { leasesOf } from './leases.ts';
import { askServer } from './server.ts';
import { snapshotsOf } from './snapshots.ts';
import { absentAsUndefined, hasStatus, madeAnew } from './status.ts';
import { startGrpcServer, type Handler, type PlainMessage, type Refusal } from './testing/grpc-server.ts';

const images = '/containerd.services.images.v1.Images';
const content = '/containerd.services.content.v1.Content';
const snapshots = '/containerd.services.snapshots.v1.Snapshots';
const { get } = Images.method;

const stored = {
  name: 'docker.io/library/redis:7',
  labels: { c: 'd' },
  target: { mediaType: 'application/json', digest: digestOf(Buffer.from('y')), size: 7 },
};
const snapshot = { name: 's', parent: 'p', kind: 3, labels: { a: 'b' } };

describe('calls to containerd', () => {
  let folder: string;
  let socketPath: string;
  let server: { stop(): Promise<void> };
  let channel: Channel;
  let seen: { name: unknown; namespace: unknown }[];
  let asked: { path: unknown; request: PlainMessage }[];
  let refusal: Refusal | undefined;
  let written: { action: unknown; offset: unknown; bytes: number; labels: unknown }[];

  const hello: Handler = (request, headers) => {
    const { name } = request;
    seen.push({ name, namespace: headers['containerd-namespace'] });
    if (name === 'silence') return undefined;
    return refusal === undefined
      ? { answers: [{ image: { name: `hello ${String(name)}` } }], end: true }
      : { answers: [], refusal };
  };

  const recorded =
    (answer: PlainMessage): Handler =>
    (request, headers) => {
      asked.push({ path: headers[':path'], request });
      return { answers: [answer], end: true };
    };

  beforeEach(async () => {
    asked = [];
    folder = mkdtempSync(join(tmpdir(), 'dray-unit-'));
    socketPath = join(folder, 's');
    seen = [];
    written = [];
    refusal = undefined;
    server = await startGrpcServer(socketPath, {
      [`${images}/Get`]: hello,
      [`${content}/List`]: () => ({
        answers: [{ info: [{ digest: 'a' }] }, { info: [{ digest: 'b' }] }],
        end: true,
      }),
      [`${content}/Write`]: ({ action, offset, data, labels }) => {
        const bytes = data instanceof Uint8Array ? data.length : 0;
        written.push({ action, offset, bytes, labels });
        return refusal === undefined
          ? { answers: [{ offset: Number(offset) + bytes }], end: action === 'COMMIT' }
          : { answers: [], refusal };
      },
      [`${content}/Update`]: recorded({}),
      [`${images}/Create`]: recorded({}),
      [`${images}/Update`]: recorded({}),
      [`${images}/Delete`]: recorded({}),
      [`${images}/List`]: recorded({ images: [stored] }),
      '/containerd.services.leases.v1.Leases/Create': recorded({}),
      '/containerd.services.leases.v1.Leases/List': recorded({ leases: [{ id: 'l', labels: { a: 'b' } }] }),
      '/containerd.services.leases.v1.Leases/Delete': recorded({}),
      [`${snapshots}/Prepare`]: recorded({
        mounts: [{ type: 'bind', source: '/s', options: ['ro', 'rbind'] }],
      }),
      [`${snapshots}/Commit`]: recorded({}),
      [`${snapshots}/Stat`]: recorded({ info: snapshot }),
      [`${snapshots}/List`]: recorded({ info: [snapshot, { name: 'new', kind: 7 }] }),
      [`${snapshots}/Update`]: recorded({}),
      [`${snapshots}/Remove`]: recorded({}),
      '/containerd.services.introspection.v1.Introspection/Server': recorded({
        uuid: 'u',
        pid: 12,
        pidns: 4026531836,
      }),
    });
    channel = await openChannel({ socketPath, headers: { 'containerd-namespace': 'moby' } });
  });

  afterEach(async () => {
    channel.close();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  test('carry the namespace and return the answer', async () => {
    expect((await channel.call(get, { name: 'you' })).image?.name).toBe('hello you');
    expect(seen).toEqual([{ name: 'you', namespace: 'moby' }]);
    const answers = await channel.list(Content.method.list, {});
    expect(answers.map(({ info }) => info[0]?.digest)).toEqual(['a', 'b']);
  });

  test('that containerd refuses throw CONTAINERD_API with call and status', async () => {
    refusal = { status: 9, text: 'cannot remove snapshot with child' };
    await expect(channel.call(get, {})).rejects.toMatchObject({
      code: 'CONTAINERD_API',
      details: { call: `${images}/Get`, status: 'FAILED_PRECONDITION' },
    });
    await expect(channel.call(Content.method.info, {})).rejects.toMatchObject({
      code: 'CONTAINERD_API',
      details: { status: 'UNIMPLEMENTED' },
    });
  });

  test('return values for "not found" and "already exists"', async () => {
    refusal = { status: 5, text: 'not found' };
    expect(await absentAsUndefined(channel.call(get, {}))).toBeUndefined();
    expect(await imagesOf(channel).get('docker.io/library/redis:7')).toBeUndefined();
    await expect(madeAnew(channel.call(get, {}))).rejects.toMatchObject({ code: 'CONTAINERD_API' });
    refusal = { status: 6, text: 'already exists' };
    expect(await madeAnew(channel.call(get, {}))).toBe(false);
    refusal = undefined;
    expect(await madeAnew(channel.call(get, {}))).toBe(true);
  });

  test('time out if containerd does not answer', async () => {
    const silence = channel.call(get, { name: 'silence' }, { timeoutMs: 50 });
    await expect(silence).rejects.toMatchObject({ details: { status: 'DEADLINE_EXCEEDED' } });
  });

  test('reject when their signal aborts', async () => {
    const stop = new AbortController();
    const abortable = await openChannel({ socketPath, headers: {}, signal: stop.signal });
    const silence = abortable.call(get, { name: 'silence' });
    stop.abort();
    await expect(silence).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(abortable.list(Content.method.list, {})).rejects.toMatchObject({ code: 'ABORTED' });
    abortable.close();
  });

  test('without a server report that containerd is unavailable', async () => {
    const unreachable = await openChannel({ socketPath: join(folder, 'missing'), headers: {} });
    const call = unreachable.call(get, {}, { timeoutMs: 60_000 });
    await expect(call).rejects.toMatchObject({ details: { status: 'UNAVAILABLE' } });
    unreachable.close();
  });

  test('use relayed connections through a socket that is removed afterwards', async () => {
    const connected = (): Promise<ReturnType<typeof connect>> => Promise.resolve(connect(socketPath));
    const dial = await openDial({ localSocket: undefined, connectContainerd: connected });
    const relayed = await openChannel({ socketPath: dial.socketPath, headers: {} });
    expect((await relayed.call(get, { name: 'relay' })).image?.name).toBe('hello relay');
    relayed.close();
    await dial.close();
    expect(readdirSync(tmpdir())).not.toContain(dial.socketPath.split('/').at(-2));
  });

  test('of the image service transfer requests and answers unchanged', async () => {
    const target = { mediaType: 'application/json', digest: digestOf(Buffer.from('x')), size: 2 ** 40 };
    const image = { name: 'docker.io/library/redis:7', labels: { a: 'b' }, target };
    expect(await imagesOf(channel).create(image)).toBe(true);
    await imagesOf(channel).update(image);
    await imagesOf(channel).delete(image.name, { sync: true });
    expect(asked).toMatchObject([
      { path: `${images}/Create`, request: { image } },
      { path: `${images}/Update`, request: { image, updateMask: { paths: ['target'] } } },
      { path: `${images}/Delete`, request: { name: image.name, sync: true } },
    ]);
    expect(await imagesOf(channel).list('name==x')).toEqual([stored]);
    expect(asked.at(-1)?.request).toEqual({ filters: ['name==x'] });
  });

  test('of the lease and introspection services transfer requests and answers unchanged', async () => {
    await leasesOf(channel).create({ id: 'l', labels: { a: 'b' } });
    await leasesOf(channel).delete('l', { sync: true });
    expect(await leasesOf(channel).list('labels.a')).toMatchObject([{ id: 'l', labels: { a: 'b' } }]);
    expect(asked.map(({ request }) => request)).toEqual([
      { id: 'l', labels: { a: 'b' } },
      { id: 'l', sync: true },
      { filters: ['labels.a'] },
    ]);
    expect(await askServer(channel)).toEqual({ uuid: 'u', pid: 12, pidNamespace: 4026531836 });
  });

  test('of the snapshot service transfer requests and answers unchanged', async () => {
    const it = snapshotsOf(channel, 'overlayfs');
    expect(await it.prepare('k', 'p', { a: 'b' })).toMatchObject([
      { type: 'bind', source: '/s', options: ['ro', 'rbind'] },
    ]);
    await it.commit('k', 'n', { a: 'b' });
    await it.label('n', { a: 'b', c: 'd' });
    await it.remove('n');
    const snapshotter = 'overlayfs';
    expect(asked.map(({ request }) => request)).toMatchObject([
      { snapshotter, key: 'k', parent: 'p', labels: { a: 'b' } },
      { snapshotter, name: 'n', key: 'k', labels: { a: 'b' } },
      { snapshotter, info: { name: 'n' }, updateMask: { paths: ['labels.a', 'labels.c'] } },
      { snapshotter, key: 'n' },
    ]);
    const read = { name: 's', parent: 'p', kind: 'committed', labels: { a: 'b' } };
    expect(await it.stat('s')).toEqual(read);
    expect(await it.list('labels.a')).toEqual([
      read,
      { name: 'new', parent: '', kind: 'unknown', labels: {} },
    ]);
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

    test('send a small blob with the commit', async () => {
      const bytes = Buffer.from('{}');
      await contentOf(channel).write(blobOf(bytes), () => Promise.resolve(inPieces(bytes)), { a: 'b' });
      expect(written).toEqual([{ action: 'COMMIT', offset: 0, bytes: 2, labels: { a: 'b' } }]);
    });

    test('send a large blob in pieces, each with its offset', async () => {
      const bytes = Buffer.alloc(2_500_000, 1);
      await contentOf(channel).write(blobOf(bytes), () => Promise.resolve(inPieces(bytes)), {});
      expect(written.map(({ action, offset }) => [action, offset])).toEqual([
        ['WRITE', 0],
        ['WRITE', 0],
        ['WRITE', 1_200_000],
        ['COMMIT', 2_400_000],
      ]);
      expect(written.reduce((sum, each) => sum + each.bytes, 0)).toBe(bytes.length);
    });

    test('label an existing blob without opening its bytes', async () => {
      refusal = { status: 6, text: 'already exists' };
      let opened = false;
      const open = (): Promise<ByteStream> => {
        opened = true;
        return Promise.resolve(inPieces(Buffer.alloc(0)));
      };
      await contentOf(channel).write(blobOf(Buffer.alloc(2_000_000)), open, { a: 'b' });
      expect(opened).toBe(false);
      expect(asked).toMatchObject([
        {
          path: `${content}/Update`,
          request: { info: { labels: { a: 'b' } }, updateMask: { paths: ['labels.a'] } },
        },
      ]);
    });

    test('rethrow errors of the source', async () => {
      const broken = (): Promise<ByteStream> => Promise.reject(new Error('no bytes'));
      await expect(contentOf(channel).write(blobOf(Buffer.alloc(1)), broken, {})).rejects.toThrow('no bytes');
    });

    test('fail with the reason that containerd gives', async () => {
      refusal = { status: 9, text: 'unexpected commit digest' };
      const bytes = Buffer.from('x');
      const failure = contentOf(channel).write(blobOf(bytes), () => Promise.resolve(inPieces(bytes)), {});
      const error: unknown = await failure.catch((thrown: unknown) => thrown);
      expect(hasStatus(error, 'FAILED_PRECONDITION')).toBe(true);
    });
  });
});
