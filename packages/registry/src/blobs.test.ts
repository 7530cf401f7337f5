import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, verifying } from '@drayage/core';
import { readAll, startFixture, type Fixture } from './testing/fixture.ts';

const kib = 1024;
const mib = 1024 * 1024;

describe('blobs', () => {
  let fixture: Fixture;
  let whole: Buffer;
  beforeEach(async () => {
    fixture = await startFixture();
    whole = await pull(0);
    fixture.clock.advance(1);
  });
  afterEach(() => fixture.close());

  const pull = async (offset: number, signal?: AbortSignal): Promise<Buffer> =>
    readAll(
      await fixture.source.openBlob(fixture.reference, fixture.layer, {
        offset,
        ...(signal === undefined ? {} : { signal }),
      }),
    );
  const ranges = (): readonly (string | undefined)[] =>
    fixture.registry.log
      .filter(({ kind }) => kind === 'blob')
      .map(({ headers }) => headers['range'])
      .slice(1);

  test('come whole', () => {
    expect(digestOf(whole)).toBe(fixture.layer.digest);
  });

  test('come from an offset on, by range', async () => {
    expect((await pull(mib + 7)).equals(whole.subarray(mib + 7))).toBe(true);
    expect(ranges()).toEqual([`bytes=${String(mib + 7)}-`]);
  });

  test('come from an offset on where ranges are ignored', async () => {
    fixture.registry.inject({ kind: 'blob', effect: { kind: 'ignoreRange' } });
    expect((await pull(2 * mib + 1)).equals(whole.subarray(2 * mib + 1))).toBe(true);
  });

  test('come from an offset on where ranges are refused', async () => {
    fixture.registry.inject({ kind: 'blob', times: 1, effect: { kind: 'status', status: 416 } });
    expect((await pull(5)).equals(whole.subarray(5))).toBe(true);
  });

  test.each([0, 5])('come decoded from byte %i on where a proxy has encoded them', async (offset) => {
    const headers = { 'content-encoding': 'gzip' };
    const effect = { kind: 'status', status: 200, headers, body: gzipSync(whole) } as const;
    fixture.registry.inject({ kind: 'blob', effect });
    expect((await pull(offset)).equals(whole.subarray(offset))).toBe(true);
  });

  test('come whole where a proxy has encoded them and answers with a range of that', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const encoded = gzipSync(whole);
    const part = { kind: 'status', status: 206, headers, body: encoded.subarray(5) } as const;
    fixture.registry.inject({ kind: 'blob', times: 1, effect: part });
    fixture.registry.inject({ kind: 'blob', effect: { ...part, status: 200, body: encoded } });
    expect((await pull(5)).equals(whole.subarray(5))).toBe(true);
  });

  test('are not decoded where the header names the compression of the layer', async () => {
    const effect = { kind: 'headers', headers: { 'content-encoding': 'gzip' } } as const;
    fixture.registry.inject({ kind: 'blob', effect });
    expect((await pull(0)).equals(whole)).toBe(true);
  });

  test('nothing is asked for from the end on', async () => {
    await expect(pull(fixture.layer.size)).resolves.toHaveLength(0);
    expect(ranges()).toEqual([]);
  });

  test('an empty blob is empty', async () => {
    const empty = fixture.registry.addBlob(Buffer.alloc(0));
    await expect(readAll(await fixture.source.openBlob(fixture.reference, empty))).resolves.toHaveLength(0);
  });

  test('a range that begins later than asked is refused', async () => {
    const headers = { 'content-range': 'bytes 9-10/11' };
    fixture.registry.inject({ kind: 'blob', effect: { kind: 'headers', headers } });
    await expect(pull(5)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  test('distinguishes a blob that is too short from a server without ranges', async () => {
    const short = fixture.registry.addBlob(Buffer.from('short'));
    const opened = fixture.source.openBlob(fixture.reference, { ...short, size: 100 }, { offset: 50 });
    await expect(opened).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  test('a connection lost on the way is replaced, from the byte where it ended', async () => {
    fixture.registry.inject({ kind: 'blob', times: 2, effect: { kind: 'reset', afterBytes: mib } });
    expect((await pull(0)).equals(whole)).toBe(true);
    expect(ranges()).toHaveLength(3);
    expect(fixture.clock.pauses).toHaveLength(2);
  });

  test('progress makes up for failures: more losses than attempts are survived', async () => {
    fixture.registry.inject({ kind: 'blob', times: 9, effect: { kind: 'reset', afterBytes: 300 * kib } });
    expect((await pull(0)).equals(whole)).toBe(true);
    expect(ranges()).toHaveLength(10);
  });

  test('an answer that ends too early is continued', async () => {
    fixture.registry.inject({ kind: 'blob', times: 1, effect: { kind: 'truncate', bytes: 1000 } });
    expect((await pull(0)).equals(whole)).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=1000-']);
  });

  test('an outage on the way is waited out, with the time the registry asks for', async () => {
    const headers = { 'retry-after': '2' };
    fixture.registry.inject({ kind: 'blob', times: 1, effect: { kind: 'reset', afterBytes: mib } });
    fixture.registry.inject({ kind: 'blob', times: 2, effect: { kind: 'status', status: 503, headers } });
    expect((await pull(0)).equals(whole)).toBe(true);
    expect(fixture.clock.pauses).toEqual([0, 2000, 2000]);
  });

  test('resuming works where ranges are ignored, too', async () => {
    fixture.registry.inject({ kind: 'blob', times: 1, effect: { kind: 'reset', afterBytes: mib } });
    fixture.registry.inject({ kind: 'blob', times: 1, effect: { kind: 'ignoreRange' } });
    expect((await pull(10)).equals(whole.subarray(10))).toBe(true);
  });

  test('losses without progress come to an end', async () => {
    fixture.registry.inject({ kind: 'blob', effect: { kind: 'reset', afterBytes: 10 } });
    await expect(pull(0)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    expect(fixture.clock.pauses.length).toBeLessThanOrEqual(8);
  });

  test('a blob that always ends too early is an error', async () => {
    const cut = fixture.registry.addBlob(whole.subarray(0, 500));
    fixture.registry.inject({ kind: 'blob', effect: { kind: 'truncate', bytes: 0 } });
    const stream = await fixture.source.openBlob(fixture.reference, cut);
    await expect(readAll(stream)).rejects.toMatchObject({ code: 'SIZE_MISMATCH', operation: 'read blob' });
  });

  test('a blob that vanishes on the way is an error at once', async () => {
    fixture.registry.inject({ kind: 'blob', times: 1, effect: { kind: 'reset', afterBytes: 10 } });
    fixture.registry.inject({ kind: 'blob', effect: { kind: 'status', status: 404 } });
    await expect(pull(0)).rejects.toMatchObject({ code: 'REGISTRY_NOT_FOUND' });
    expect(fixture.clock.pauses).toHaveLength(1);
  });

  test.each([
    [{ kind: 'extra', bytes: 10 }, 'SIZE_MISMATCH'],
    [{ kind: 'corrupt' }, 'DIGEST_MISMATCH'],
  ] as const)('what is wrong is left to the verifier: %j', async (effect, code) => {
    fixture.registry.inject({ kind: 'blob', effect });
    const stream = await fixture.source.openBlob(fixture.reference, fixture.layer);
    await expect(readAll(verifying(stream, fixture.layer, 'test'))).rejects.toMatchObject({ code });
  });

  test('an abort ends the stream in the middle of a silence', async () => {
    const abort = new AbortController();
    const gate = new Promise<void>(() => undefined);
    fixture.registry.inject({ kind: 'blob', effect: { kind: 'gate', afterBytes: 10, gate } });
    const { signal } = abort;
    const stream = await fixture.source.openBlob(fixture.reference, fixture.layer, { signal });
    stream.once('data', () => {
      abort.abort();
    });
    await expect(new Promise((_, reject) => stream.once('error', reject))).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  test('an abort before the start is no request', async () => {
    const requests = fixture.registry.log.length;
    await expect(pull(0, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
    expect(fixture.registry.log).toHaveLength(requests);
  });

  test('a stream that is destroyed lets go of its connection', async () => {
    fixture.registry.inject({
      kind: 'blob',
      effect: { kind: 'gate', afterBytes: 10, gate: new Promise<void>(() => undefined) },
    });
    const stream = await fixture.source.openBlob(fixture.reference, fixture.layer);
    await new Promise((resolve) => stream.once('close', resolve).destroy());
    expect(stream.destroyed).toBe(true);
  });

  test('a reader that does not read holds the sender back', async () => {
    const size = 512 * mib;
    const huge = { mediaType: 'x', digest: fixture.layer.digest, size };
    fixture.registry.inject({ kind: 'blob', effect: { kind: 'extra', bytes: 64 * mib } });
    const stream = await fixture.source.openBlob(fixture.reference, huge);
    stream.pause();
    await new Promise((resolve) => stream.once('readable', resolve));
    expect(stream.readableLength).toBeLessThan(mib);
    stream.destroy();
  });
});
