import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, parseReference } from '@drayage/core';
import { mediaTypes } from '@drayage/core/image';
import { startFixture, type Fixture } from './testing/fixture.ts';

describe('manifests', () => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await startFixture();
  });
  afterEach(() => fixture.close());

  const at = (name: string): ReturnType<typeof parseReference> =>
    parseReference(`${fixture.registry.host}/${name}`);
  const sent = (): readonly string[] =>
    fixture.registry.log.map(({ method, path, status }) => `${method} ${path} ${String(status)}`);

  test('a tag is resolved by HEAD, after one ping', async () => {
    await expect(fixture.source.resolve(fixture.reference)).resolves.toEqual(fixture.manifest);
    await fixture.source.resolve(fixture.reference);
    expect(sent()).toEqual(['GET /v2/ 200', 'HEAD /v2/app/manifests/1 200', 'HEAD /v2/app/manifests/1 200']);
    expect(fixture.registry.log.at(-1)?.headers).toMatchObject({
      'accept-encoding': 'identity',
      'user-agent': 'drayage',
    });
    for (const type of [
      mediaTypes.ociIndex,
      mediaTypes.ociManifest,
      mediaTypes.dockerManifestList,
      mediaTypes.dockerManifest,
    ]) {
      expect(fixture.registry.log.at(-1)?.headers['accept']).toContain(type);
    }
  });

  test('a digest goes before a tag', async () => {
    const reference = at(`app:gone@${fixture.manifest.digest}`);
    await expect(fixture.source.resolve(reference)).resolves.toEqual(fixture.manifest);
  });

  test.each([
    ...[301, 400, 401, 403, 404, 405, 410, 500, 501, 503, 505].map(
      (status) => [`answers ${String(status)}`, { kind: 'status', status }] as const,
    ),
    ['breaks off', { kind: 'reset', afterBytes: -1 }],
    ['says that it is empty', { kind: 'headers', headers: { 'content-length': '0' } }],
    ['is about an encoded body', { kind: 'headers', headers: { 'content-encoding': 'gzip' } }],
    ['tells no digest', { kind: 'headers', headers: { 'docker-content-digest': undefined } }],
    ['tells no length', { kind: 'headers', headers: { 'content-length': undefined } }],
    ['tells the type of something else', { kind: 'headers', headers: { 'content-type': 'text/html' } }],
    ['tells no type', { kind: 'headers', headers: { 'content-type': 'application/json' } }],
  ] as const)('where HEAD %s, GET is asked', async (_, effect) => {
    fixture.registry.inject({ kind: 'manifest', method: 'HEAD', effect });
    await expect(fixture.source.resolve(fixture.reference)).resolves.toEqual(fixture.manifest);
  });

  test('where HEAD is about another digest than the one asked for, GET decides', async () => {
    const effect = { kind: 'headers', headers: { 'docker-content-digest': digestOf('another') } } as const;
    fixture.registry.inject({ kind: 'manifest', method: 'HEAD', effect });
    const reference = at(`app@${fixture.manifest.digest}`);
    await expect(fixture.source.resolve(reference)).resolves.toEqual(fixture.manifest);
  });

  test.each(['gzip', 'br'] as const)('a body that came encoded as %s is decoded', async (encoding) => {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [], config: {} }));
    const stored = fixture.registry.addManifest('app', ['encoded'], bytes);
    const encoded = encoding === 'gzip' ? gzipSync(bytes) : brotliCompressSync(bytes);
    fixture.registry.inject({
      kind: 'manifest',
      effect: {
        kind: 'status',
        status: 200,
        body: encoded,
        headers: { 'content-encoding': encoding, 'content-type': stored.mediaType },
      },
    });
    await expect(fixture.source.resolve(at('app:encoded'))).resolves.toEqual(stored);
    const received = await fixture.source.fetchManifest(at('app:encoded'), stored);
    expect(Buffer.from(received)).toEqual(bytes);
  });

  test('the type is taken from the document where the registry does not know it', async () => {
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { mediaType: 'x', digest: digestOf(''), size: 0 },
      layers: [],
    };
    const stored = fixture.registry.addManifest('app', ['2'], document, 'text/plain');
    await expect(fixture.source.resolve(at('app:2'))).resolves.toEqual({
      ...stored,
      mediaType: mediaTypes.dockerManifest,
    });
  });

  test('an answer about another digest than the one asked for is refused', async () => {
    const digest = digestOf('something else');
    fixture.registry.inject({
      kind: 'manifest',
      effect: { kind: 'headers', headers: { 'docker-content-digest': digest } },
    });
    const reference = at(`app@${fixture.manifest.digest}`);
    await expect(fixture.source.resolve(reference)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('an unknown tag is not found, and the message names it', async () => {
    const error: unknown = await fixture.source.resolve(at('app:gone')).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'REGISTRY_NOT_FOUND', status: 404 });
    expect(error).toHaveProperty('message', expect.stringContaining('app:gone'));
  });

  test('schema 1 is refused', async () => {
    fixture.registry.addManifest('app', ['old'], { schemaVersion: 1 }, mediaTypes.dockerSchema1Signed);
    await expect(fixture.source.resolve(at('app:old'))).rejects.toMatchObject({
      code: 'SCHEMA1_UNSUPPORTED',
    });
    fixture.registry.addManifest('app', ['older'], { schemaVersion: 1 }, 'application/json');
    await expect(fixture.source.resolve(at('app:older'))).rejects.toMatchObject({
      code: 'SCHEMA1_UNSUPPORTED',
    });
  });

  test('the bytes come exactly as they are stored', async () => {
    const bytes = Buffer.from('{ "schemaVersion" : 2,\n "odd": "spacing \u00e4" }\n');
    const stored = fixture.registry.addManifest('app', ['odd'], bytes);
    const received = await fixture.source.fetchManifest(at('app:odd'), stored);
    expect(Buffer.from(received)).toEqual(bytes);
    expect(sent().at(-1)).toBe(`GET /v2/app/manifests/${stored.digest} 200`);
  });

  test('wrong bytes are refused', async () => {
    fixture.registry.inject({ kind: 'manifest', effect: { kind: 'corrupt' } });
    const fetched = fixture.source.fetchManifest(fixture.reference, fixture.manifest);
    await expect(fetched).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('the size must be the one announced', async () => {
    const fetched = fixture.source.fetchManifest(fixture.reference, { ...fixture.manifest, size: 7 });
    await expect(fetched).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  test('a manifest over 4 MiB is not read, announced or not', async () => {
    const big = fixture.registry.addManifest('app', ['big'], Buffer.alloc(64 * 1024 * 1024, ' '));
    const tooLarge = { code: 'MANIFEST_TOO_LARGE' };
    await expect(fixture.source.resolve(at('app:big'))).rejects.toMatchObject(tooLarge);
    await expect(fixture.source.fetchManifest(at('app:big'), big)).rejects.toMatchObject(tooLarge);
    await expect(fixture.source.fetchManifest(at('app:big'), { ...big, size: 9 })).rejects.toMatchObject(
      tooLarge,
    );
    fixture.registry.inject({
      kind: 'manifest',
      effect: { kind: 'headers', headers: { 'content-length': undefined } },
    });
    await expect(fixture.source.fetchManifest(at('app:big'), { ...big, size: 9 })).rejects.toMatchObject(
      tooLarge,
    );
    expect(fixture.registry.log.at(-1)?.bytes).toBeGreaterThan(0);
  });

  test('an unrequested encoding is refused', async () => {
    fixture.registry.inject({
      kind: 'manifest',
      effect: { kind: 'headers', headers: { 'content-encoding': 'gzip' } },
    });
    const fetched = fixture.source.fetchManifest(fixture.reference, fixture.manifest);
    await expect(fetched).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  test('a connection lost within a manifest is made again', async () => {
    fixture.registry.inject({
      kind: 'manifest',
      method: 'GET',
      times: 2,
      effect: { kind: 'reset', afterBytes: 10 },
    });
    const bytes = await fixture.source.fetchManifest(fixture.reference, fixture.manifest);
    expect(digestOf(bytes)).toBe(fixture.manifest.digest);
    expect(fixture.clock.pauses).toHaveLength(2);
  });

  test('a busy registry is given the time it asks for', async () => {
    const headers = { 'retry-after': '3' };
    fixture.registry.inject({ kind: 'manifest', times: 2, effect: { kind: 'status', status: 429, headers } });
    await expect(fixture.source.resolve(fixture.reference)).resolves.toEqual(fixture.manifest);
    expect(fixture.clock.pauses).toEqual([3000, 3000]);
  });

  test.each([
    [429, 'REGISTRY_RATE_LIMITED', 5],
    [503, 'REGISTRY_UNREACHABLE', 5],
    [403, 'REGISTRY_DENIED', 1],
    [418, 'REGISTRY_PROTOCOL', 1],
  ])('status %i ends as %s after %i tries', async (status, code, tries) => {
    fixture.registry.inject({ kind: 'manifest', effect: { kind: 'status', status } });
    const fetched = fixture.source.fetchManifest(fixture.reference, fixture.manifest);
    await expect(fetched).rejects.toMatchObject({ code, status, ociCodes: ['UNKNOWN'] });
    expect(fixture.registry.log.filter(({ kind }) => kind === 'manifest')).toHaveLength(tries);
  });

  test('what the registry says of itself is short and fit for a terminal', async () => {
    const message = `\u001b[2Jsee https://user:pw@help.test/x?key=k ${'long '.repeat(200)}`;
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message }] });
    fixture.registry.inject({ kind: 'manifest', effect: { kind: 'status', status: 403, body } });
    const error: unknown = await fixture.source
      .fetchManifest(fixture.reference, fixture.manifest)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'REGISTRY_DENIED', ociCodes: ['DENIED'] });
    const text = error instanceof Error ? error.message : '';
    expect(text).toContain('https://help.test/x');
    expect(text).not.toMatch(/\u001b|pw|key=k/);
    expect(text.length).toBeLessThan(700);
  });

  test('a body that is no JSON, endless or cut off does not hide the status', async () => {
    const effect = { kind: 'status', status: 403, body: '<'.repeat(200_000) } as const;
    fixture.registry.inject({ kind: 'manifest', effect });
    const fetched = fixture.source.fetchManifest(fixture.reference, fixture.manifest);
    await expect(fetched).rejects.toMatchObject({ code: 'REGISTRY_DENIED', ociCodes: [] });
  });

  test('an abort ends the waiting for an answer', async () => {
    const abort = new AbortController();
    const gate = new Promise<void>(() => undefined);
    fixture.registry.inject({ kind: 'manifest', effect: { kind: 'gate', afterBytes: 1, gate } });
    const fetched = fixture.source.fetchManifest(fixture.reference, fixture.manifest, abort.signal);
    setImmediate(() => {
      abort.abort();
    });
    await expect(fetched).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('after close, calls fail at once', async () => {
    await fixture.source.close();
    await fixture.source.close();
    await expect(fixture.source.resolve(fixture.reference)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(fixture.clock.pauses).toEqual([]);
  });
});
