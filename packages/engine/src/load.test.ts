import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { digestOf, EngineError, hexOf } from '@drayage/core';
import { blobPath } from './archive/tar-bytes.ts';
import { createDockerEngine } from './docker-engine.ts';
import { drain, sendJson, startFakeEngine } from './testing/fake-engine.ts';
import type { FakeEngine, FakeEngineOptions, FakeHandler } from './testing/fake-engine.ts';
import { testImage } from './testing/images.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function fake(options: FakeEngineOptions = {}): Promise<FakeEngine> {
  const engine = await startFakeEngine(options);
  closers.push(engine.close);
  return engine;
}

const layers = [randomBytes(400_000), randomBytes(500_000)];
const { image, openLayer } = testImage({ name: 'redis:7', layers });
const everything = { image, openLayer, omit: new Set<number>() };
const topOnly = { image, openLayer, omit: new Set([0]) };

/** An engine that answers loads with `handler`. */
async function answering(handler: FakeHandler): Promise<ReturnType<typeof createDockerEngine>> {
  const { endpoint } = await fake({ handlers: { 'POST /images/load': handler } });
  return createDockerEngine({ endpoint });
}

const afterReading =
  (body: string): FakeHandler =>
  async (request, response) => {
    await drain(request);
    response.end(body);
  };

describe('a failed load into a containerd store', () => {
  const containerd = {
    version: '28.5.2',
    apiVersion: '1.51',
    driverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
    images: [{ id: image.manifest.digest, diffIds: [], names: ['redis:7'] }],
  } as const;

  test.each([
    ['removes the name of an image that cannot be run', 500, true],
    ['keeps an image that can be run: another load has succeeded', 201, false],
  ])('%s', async (_, status, isRemoved) => {
    const { endpoint, requests } = await fake({
      ...containerd,
      handlers: {
        'POST /images/load': afterReading('{"stream":"Error unpacking image redis:7: not found"}'),
        'POST /containers/create': async (request, response) => {
          await drain(request);
          sendJson(response, status, { Id: 'c1', message: 'no such file' });
        },
        'DELETE /containers/c1': (_request, response) => void response.writeHead(204).end(),
        'DELETE /images/redis:7': (_request, response) => {
          sendJson(response, 200, []);
        },
      },
    });
    await expect(createDockerEngine({ endpoint }).load(everything)).rejects.toMatchObject({
      code: 'ENGINE_LOAD_FAILED',
    });
    expect(requests.some((line) => line.startsWith('DELETE /v1.51/images/redis:7'))).toBe(isRemoved);
  });
});

describe('load', () => {
  test('sends a docker-archive to a classic engine and counts its bytes', async () => {
    const { endpoint, archives, requests } = await fake();
    const progress: number[] = [];
    const result = await createDockerEngine({ endpoint }).load({
      ...topOnly,
      onProgress: (bytesSent) => progress.push(bytesSent),
    });
    const [archive] = archives;
    expect([...(archive?.keys() ?? [])]).toEqual([
      'manifest.json',
      blobPath(image.config.digest),
      ...image.layers.slice(1).map((layer) => blobPath(layer.digest)),
    ]);
    expect(result.bytesSent).toBeGreaterThan(500_000);
    expect(result.bytesSent).toBeLessThan(510_000);
    expect(progress.at(-1)).toBe(result.bytesSent);
    expect(requests.at(-1)).toBe('POST /v1.41/images/load?quiet=false');
  });

  const plain = [randomBytes(400_000), randomBytes(300_000)];
  const gzipped = testImage({ name: 'redis:7', layers: plain.map((bytes) => gzipSync(bytes)) });
  const trailerOf = (sizes: readonly number[]) => (layer: { readonly digest: string }) =>
    Promise.resolve(sizes[gzipped.image.layers.findIndex(({ digest }) => digest === layer.digest)]);

  test('sends gzip layers as plain tars to a classic engine on this machine', async () => {
    const { endpoint, archives } = await fake();
    const plainSize = trailerOf(plain.map((bytes) => bytes.length));
    await createDockerEngine({ endpoint }).load({ ...gzipped, plainSize, omit: new Set() });
    const sent = gzipped.image.layers.map(({ digest }) => archives[0]?.get(blobPath(digest)));
    expect(sent.map((bytes, position) => bytes?.equals(plain[position] ?? Buffer.of()))).toEqual([
      true,
      true,
    ]);
  });

  test('sends them as stored when a trailer gave the wrong size', async () => {
    const { endpoint, archives } = await fake();
    const plainSize = trailerOf(plain.map((bytes) => bytes.length + 1));
    await createDockerEngine({ endpoint }).load({ ...gzipped, plainSize, omit: new Set() });
    const digests = gzipped.image.layers.map(({ digest }) => digest);
    expect(digests.map((digest) => digestOf(archives.at(-1)?.get(blobPath(digest)) ?? Buffer.of()))).toEqual(
      digests,
    );
  });

  test('ends the archive only when the omitted layers are there, and fails as they do', async () => {
    const { endpoint, archives } = await fake();
    let release = (): void => undefined;
    const omittedAreThere = new Promise<void>((resolve) => (release = resolve));
    const loading = createDockerEngine({ endpoint }).load({
      ...topOnly,
      omittedAreThere,
      onProgress: () => {
        expect(archives).toHaveLength(0);
        release();
      },
    });
    await loading;
    expect(archives).toHaveLength(1);
    const failed = Promise.reject(new EngineError('ENGINE_LAYER_MISSING', 'the base failed'));
    failed.catch(() => undefined);
    const load = createDockerEngine({ endpoint }).load({ ...topOnly, omittedAreThere: failed });
    await expect(load).rejects.toMatchObject({ code: 'ENGINE_LAYER_MISSING', message: 'the base failed' });
  });

  test('sends an OCI layout to an engine with the containerd store', async () => {
    const { endpoint, archives } = await fake({
      version: '28.5.2',
      apiVersion: '1.51',
      driverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
    });
    await createDockerEngine({ endpoint }).load(everything);
    expect(archives[0]?.has('oci-layout')).toBe(true);
    expect(archives[0]?.has('manifest.json')).toBe(false);
  });

  test('accepts a last line without newline, blank lines and lines that are not JSON', async () => {
    const engine = await answering(afterReading('\n<noise>\r\n{"stream":"Loaded image: redis:7"}'));
    await expect(engine.load(everything)).resolves.toMatchObject({ bytesSent: expect.any(Number) });
  });

  test.each([
    [
      'an error line',
      '{"status":"Loading"}\n{"errorDetail":{"message":"no space left on device"},"error":"no space left on device"}\n',
    ],
    ['an error line without newline', '{"error":"no space left on device"}'],
  ])('fails on %s in a successful response', async (_, body) => {
    const failure = (await answering(afterReading(body))).load(everything);
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_LOAD_FAILED' });
    await expect(failure).rejects.toThrow(/redis:7.*no space left on device/);
  });

  test('fails on an error response', async () => {
    const engine = await answering(async (request, response) => {
      await drain(request);
      response.writeHead(500).end('{"message":"disk is full"}');
    });
    await expect(engine.load(everything)).rejects.toMatchObject({
      code: 'ENGINE_LOAD_FAILED',
      message: expect.stringContaining('disk is full'),
    });
  });

  const [omitted] = image.layers;
  test.each([
    `open /var/lib/docker/tmp/docker-import-1/blobs/sha256/${hexOf(omitted?.digest ?? image.config.digest)}: no such file or directory`,
    'layer "blobs/sha256/x" not found',
    'failed to get reader from content store: content digest sha256:x: not found',
  ])('reports a missing layer when the engine says: %s', async (error) => {
    const engine = await answering(afterReading(JSON.stringify({ error })));
    await expect(engine.load(topOnly)).rejects.toMatchObject({ code: 'ENGINE_LAYER_MISSING' });
    await expect(engine.load(everything)).rejects.toMatchObject({ code: 'ENGINE_LOAD_FAILED' });
  });

  test('fails on a failed unpack, which the containerd store reports only as text', async () => {
    const body = JSON.stringify({ stream: 'Error unpacking image redis:7: apply layer error: NotFound\n' });
    const engine = await answering(afterReading(body));
    await expect(engine.load(topOnly)).rejects.toMatchObject({ code: 'ENGINE_LAYER_MISSING' });
    await expect(engine.load(everything)).rejects.toMatchObject({ code: 'ENGINE_LOAD_FAILED' });
  });
});

describe('a load that fails midway', () => {
  const large = testImage({ name: 'large:1', layers: [Buffer.alloc(8_000_000, 'l')] });
  const request = { image: large.image, openLayer: large.openLayer, omit: new Set<number>() };

  test('because the engine dies while it reads', async () => {
    const engine = await answering((incoming) => {
      incoming.once('data', () => incoming.socket.destroy());
    });
    const failure = engine.load(request);
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_LOAD_FAILED' });
    await expect(failure).rejects.toThrow('large:1');
  });

  test('because the engine dies while it responds', async () => {
    const engine = await answering(async (incoming, response) => {
      await drain(incoming);
      response.write('{"status":"Loading layer"}\n', () => incoming.socket.destroy());
    });
    await expect(engine.load(request)).rejects.toMatchObject({ code: 'ENGINE_LOAD_FAILED' });
  });

  test('because the engine stops reading reports its reason', async () => {
    const engine = await answering((incoming, response) => {
      incoming.once('data', () => {
        incoming.pause();
        response.end('{"error":"unexpected EOF"}\n');
      });
    });
    await expect(engine.load(request)).rejects.toMatchObject({
      code: 'ENGINE_LOAD_FAILED',
      message: expect.stringContaining('unexpected EOF'),
    });
  });

  test('because the engine refuses at once reports its reason', async () => {
    const engine = await answering((_, response) => {
      response.writeHead(403, { Connection: 'close' }).end('{"message":"forbidden by proxy"}');
    });
    await expect(engine.load(request)).rejects.toMatchObject({
      code: 'ENGINE_LOAD_FAILED',
      message: expect.stringContaining('forbidden by proxy'),
    });
  });

  test('because a layer cannot be opened throws that error, and the engine gets no complete archive', async () => {
    const { endpoint, archives } = await fake();
    const broken = Object.assign(new Error('broken'), { code: 'BLOB_MISSING' });
    const failure = createDockerEngine({ endpoint }).load({
      ...request,
      openLayer: () => Promise.reject(broken),
    });
    await expect(failure).rejects.toBe(broken);
    expect(archives).toEqual([]);
  });

  test('because a layer ends with an error throws that error', async () => {
    const { endpoint, archives } = await fake();
    const broken = Object.assign(new Error('broken'), { code: 'DIGEST_MISMATCH' });
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(1_000_000);
      yield await Promise.reject<Buffer>(broken);
    };
    const openLayer = (): Promise<Readable> => Promise.resolve(Readable.from(source()));
    await expect(createDockerEngine({ endpoint }).load({ ...request, openLayer })).rejects.toBe(broken);
    expect(archives).toEqual([]);
  });

  test('because it is aborted works even while the engine is silent', async () => {
    const controller = new AbortController();
    const engine = await answering((incoming) => {
      incoming.once('data', () => {
        incoming.pause();
        controller.abort();
      });
    });
    await expect(engine.load({ ...request, signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  test('because it was aborted before it began opens nothing', async () => {
    const { endpoint, requests } = await fake();
    const engine = createDockerEngine({ endpoint });
    await engine.describe();
    await expect(engine.load({ ...request, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(requests).toHaveLength(2);
  });

  test('because the engine is gone', async () => {
    const engine = await startFakeEngine();
    const adapter = createDockerEngine({ endpoint: engine.endpoint });
    await adapter.describe();
    await engine.close();
    await expect(adapter.load(request)).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  });
});
