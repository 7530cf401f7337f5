import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bytesOf, rejectionOf, sampleBlob, streamOf, type SampleBlob } from '@drayage/core/testing';
import { createProxyRules } from '@drayage/http';
import { createTestCertificate, startConnectProxy } from '@drayage/http/testing';
import { startS3Server, type S3Server } from '../testing/s3-server.ts';
import { pausingClock, transportTo, type TestAccess } from '../testing/test-access.ts';
import { createS3Transport, type S3Transport } from './s3-transport.ts';

const mebibyte = 1024 * 1024;
const hourMs = 3_600_000;
const small = sampleBlob(700_000);
const large = sampleBlob(20 * mebibyte + 17);
const text = new TextEncoder().encode('{"n":1}');

let server: S3Server;
const open: S3Transport[] = [];
beforeEach(async () => {
  server = await startS3Server();
});
afterEach(async () => {
  for (const transport of open.splice(0)) await transport.close();
  await server.close();
});

function transport(access: TestAccess = {}): S3Transport {
  const made = transportTo(server, { clock: pausingClock(), ...access });
  open.push(made);
  return made;
}

async function put({ blobs }: S3Transport, { descriptor, bytes }: SampleBlob = small): Promise<number> {
  return (await blobs.put(descriptor, async () => streamOf(bytes))).bytesRead;
}

async function expectBytes({ blobs }: S3Transport, { descriptor, bytes }: SampleBlob): Promise<void> {
  expect(Buffer.compare(await bytesOf(await blobs.open(descriptor)), bytes)).toBe(0);
}

const keys = (): readonly string[] =>
  server
    .objects()
    .map(({ key }) => key)
    .sort();
const calls = (): readonly string[] =>
  server.exchanges.map(({ method, query }) => [method, ...Object.keys(query)].join(' '));
const hexOf = ({ descriptor }: SampleBlob): string => descriptor.digest.slice('sha256:'.length);

describe('blobs in a bucket', () => {
  test('lie below the prefix under their digest, small ones by one PUT', async () => {
    await put(transport());
    expect(keys()).toEqual([`ci/blobs/sha256/${hexOf(small)}`]);
    expect(calls()).toEqual(['HEAD', 'PUT']);
    expect(server.exchanges[1]?.headers).toMatchObject({ 'x-amz-content-sha256': hexOf(small) });
  });

  test('arrive in equal parts if they are large, and only then appear', async () => {
    await put(transport(), large);
    const parts = server.exchanges.filter(({ query }) => query['partNumber'] !== undefined);
    const sizes = new Map(parts.map(({ query, bytesReceived }) => [query['partNumber'], bytesReceived]));
    expect(Object.fromEntries(sizes)).toEqual({ 1: 8 * mebibyte, 2: 8 * mebibyte, 3: 4 * mebibyte + 17 });
    await expectBytes(transport(), large);
  });

  test('are named by the host, through a proxy, where the URL asks for it', async () => {
    const host = new URL(server.endpoint).host;
    const proxy = await startConnectProxy({ routes: { 'bundles.s3.test:80': host } });
    const access = { userAgent: 'drayage/test', key: '1', credentials: async () => server.key };
    const virtual = createS3Transport({
      ...access,
      url: 's3://bundles/ci?addressing=virtual&endpoint=http://s3.test',
      proxyFor: createProxyRules({ httpProxy: `http://${proxy.host}` }),
    });
    open.push(virtual);
    await put(virtual);
    await expectBytes(transport(), small);
    await proxy.close();
  });

  test('are shared by all keys, and documents are not', async () => {
    await put(transport());
    await transport().documents.write('index.json', text);
    const other = transport({ key: 'nightly-main' });
    expect(await put(other)).toBe(0);
    expect(await other.documents.read('index.json')).toBeUndefined();
    await other.documents.write('index.json', text);
    expect(keys()).toEqual([
      `ci/blobs/sha256/${hexOf(small)}`,
      'ci/keys/1001/index.json',
      'ci/keys/nightly-main/index.json',
    ]);
  });

  test('count as there for half of the time that they are kept, and are then uploaded again', async () => {
    await put(transport());
    server.advance(11 * hourMs);
    expect(await put(transport({ settings: 'keep=1d' }))).toBe(0);
    server.advance(2 * hourMs);
    const later = transport({ settings: 'keep=1d' });
    expect(await later.blobs.stat(small.descriptor.digest)).toBeUndefined();
    await expectBytes(later, small);
    expect(await put(later)).toBe(700_000);
    expect(await later.blobs.stat(small.descriptor.digest)).toMatchObject({ size: 700_000 });
    server.advance(1000 * 24 * hourMs);
    expect(await put(transport({ settings: 'keep=forever' }))).toBe(0);
  });

  test('are sent with a session token, and over TLS', async () => {
    const tls = await createTestCertificate();
    await server.close();
    const key = {
      accessKeyId: 'ASIATEST',
      secretAccessKey: 'planted',
      sessionToken: 'planted/session+token=',
    };
    server = await startS3Server({ tls, key });
    const error = await rejectionOf(put(transport({ credentials: async () => key })));
    expect(error).toMatchObject({
      code: 'TRANSPORT_UNREACHABLE',
      hint: expect.stringContaining('--ca-file'),
    });
    await put(transport({ ca: tls.cert }), large);
    await expectBytes(transport({ ca: tls.cert }), large);
  });
});

describe('faults', () => {
  test('a burst of SlowDown is waited out, part by part', async () => {
    server.fail({ method: 'PUT', status: 503, code: 'SlowDown', times: 3 });
    server.fail({ method: 'HEAD', status: 500, times: 2 });
    server.fail({ method: 'POST', status: 503, code: 'SlowDown', retryAfter: '7' });
    const clock = pausingClock();
    await put(transport({ clock }), large);
    expect(clock.pauses).toContain(7_000);
    expect(clock.pauses.length).toBeGreaterThanOrEqual(6);
    await expectBytes(transport(), large);
  });

  test('a part whose connection breaks is sent again from memory', async () => {
    server.fail({ query: /partNumber=2/, status: 'break', bytes: 3 * mebibyte });
    server.fail({ query: /partNumber=3/, status: 'reset' });
    let opened = 0;
    await transport().blobs.put(large.descriptor, async () => {
      opened += 1;
      return streamOf(large.bytes);
    });
    expect(opened).toBe(1);
    await expectBytes(transport(), large);
  });

  test('a timeout that S3 reports with status 400 is tried again', async () => {
    server.fail({ method: 'PUT', status: 400, code: 'RequestTimeout' });
    await put(transport());
    await expectBytes(transport(), small);
  });

  test('a completion whose answer is lost counts when the object is there', async () => {
    server.fail({ method: 'POST', query: /^uploadId/, status: 'reset-after' });
    await put(transport(), large);
    await expectBytes(transport(), large);
    expect(server.pendingUploads).toBe(0);
  });

  test('an upload that fails for good leaves no parts behind', async () => {
    server.fail({ query: /partNumber=2/, status: 403, code: 'AccessDenied' });
    const error = await rejectionOf(put(transport(), large));
    expect(error).toMatchObject({ code: 'TRANSPORT_DENIED', side: 'destination', operation: 'write' });
    expect([keys(), server.pendingUploads]).toEqual([[], 0]);
  });

  test('a download is continued where it broke', async () => {
    await put(transport(), large);
    server.fail({ method: 'GET', status: 'break', bytes: 9 * mebibyte });
    server.fail({ method: 'GET', status: 'break', bytes: 5 * mebibyte });
    await expectBytes(transport(), large);
    const ranges = server.exchanges.flatMap(({ headers }) => headers.range ?? []);
    expect(ranges).toHaveLength(2);
  });

  test('a server that restarts in the middle of a download is waited for', async () => {
    await put(transport(), large);
    const reader = transport({ clock: { ...pausingClock(), sleep: () => server.start() } });
    const stream: AsyncIterable<Uint8Array> = await reader.blobs.open(large.descriptor);
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) {
      if (chunks.length === 0) await server.stop();
      chunks.push(chunk);
    }
    expect(Buffer.compare(Buffer.concat(chunks), large.bytes)).toBe(0);
  });

  test('a server that restarts in the middle of an upload forgets it, and the next put succeeds', async () => {
    server.fail({ query: /partNumber=1/, status: 'reset' });
    let restarting: Promise<void> | undefined;
    const restart = async (): Promise<void> => {
      restarting ??= server.stop().then(() => server.start());
      await restarting;
    };
    const clock = { ...pausingClock(), sleep: restart };
    const error = await rejectionOf(put(transport({ clock }), large));
    expect(error).toMatchObject({ details: { fault: 'NoSuchUpload' } });
    expect(await put(transport(), large)).toBe(large.descriptor.size);
    await expectBytes(transport(), large);
  });

  test('a server that is gone is reported, after the retries', async () => {
    await server.stop();
    const clock = pausingClock();
    const error = await rejectionOf(transport({ clock }).documents.read('index.json'));
    expect(error).toMatchObject({ code: 'TRANSPORT_UNREACHABLE', side: 'source' });
    expect(clock.pauses).toHaveLength(4);
    await server.start();
  });

  test.each([hourMs, -hourMs])('a clock that is %d ms off is corrected once', async (offMs) => {
    server.advance(offMs);
    const own = transport();
    await put(own);
    await expectBytes(own, small);
    await own.documents.write('index.json', text);
    expect(server.exchanges.filter(({ status }) => status === 403)).toHaveLength(1);
  });

  test('a wrong region is corrected once', async () => {
    server.settings.region = 'eu-central-1';
    const own = transport();
    await own.documents.write('index.json', text);
    expect(await own.documents.read('index.json')).toEqual(Buffer.from(text));
    expect(server.exchanges.map(({ status }) => status)).toEqual([400, 200, 200]);
  });

  test('expired credentials are asked for anew, once', async () => {
    const asked: boolean[] = [];
    const old = { accessKeyId: 'AKIDOLD', secretAccessKey: 'planted-old' };
    const credentials = async ({ isFresh = false } = {}): Promise<typeof old> => {
      asked.push(isFresh);
      return isFresh ? server.key : old;
    };
    server.fail({ status: 400, code: 'ExpiredToken' });
    await transport({ credentials }).documents.write('index.json', text);
    expect(asked).toEqual([false, true]);
  });

  test('a full store is reported, and nothing appears', async () => {
    server.settings.capacityBytes = 10 * mebibyte;
    const error = await rejectionOf(put(transport(), large));
    expect(error).toMatchObject({ code: 'DISK_FULL', side: 'destination' });
    expect([keys(), server.pendingUploads]).toEqual([[], 0]);
  });

  test('two senders of one blob and one key both succeed', async () => {
    const [one, other] = [transport(), transport()];
    await Promise.all([put(one, large), put(other, large), put(one, small), put(other, small)]);
    await Promise.all([one.documents.write('index.json', text), other.documents.write('index.json', text)]);
    await expectBytes(one, large);
    await expectBytes(other, small);
    expect(server.pendingUploads).toBe(0);
  });

  test('answers of something that is not S3 are reported as such', async () => {
    server.fail({ method: 'POST', status: 404, code: 'NoSuchBucket' });
    const error = await rejectionOf(put(transport(), large));
    expect(error).toMatchObject({ code: 'TRANSPORT_DENIED', hint: expect.stringContaining('bundles') });
  });

  test('a missing right to list is named in the hint', async () => {
    server.settings.hidesAbsence = true;
    const error = await rejectionOf(transport().documents.read('index.json'));
    expect(error).toMatchObject({ code: 'TRANSPORT_DENIED', hint: expect.stringContaining('s3:ListBucket') });
  });

  test('no error shows a key, a token or a signature', async () => {
    const key = { accessKeyId: 'ASIAX', secretAccessKey: 'planted-secret', sessionToken: 'planted-token' };
    const credentials = async (): Promise<typeof key> => key;
    const broken = transport({ credentials });
    const errors = [
      await rejectionOf(put(broken)),
      await rejectionOf(put(broken, large)),
      await rejectionOf(broken.documents.read('index.json')),
      await rejectionOf(broken.blobs.open(small.descriptor)),
      await rejectionOf(transport({ credentials: () => Promise.reject(new Error('none')) }).keys()),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'TRANSPORT_DENIED' });
      expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(/planted|Signature=|AWS4-HMAC/);
    }
  });
});

describe('cleaning up', () => {
  test('deletes what is older than it is kept, and what was written since stays', async () => {
    const [young, refreshed] = [sampleBlob(10), sampleBlob(20)];
    await put(transport());
    await put(transport(), refreshed);
    await transport().documents.write('index.json', text);
    server.advance(20 * hourMs);
    await put(transport(), young);
    await put(transport({ settings: 'keep=1d' }), refreshed);
    server.advance(5 * hourMs);
    const report = await transport({ settings: 'keep=1d', key: '1002' }).expire();
    expect(report).toEqual({ deletedFiles: 2, deletedBytes: 700_000 + text.byteLength });
    expect(keys()).toEqual([young, refreshed].map((blob) => `ci/blobs/sha256/${hexOf(blob)}`).sort());
  });

  test('never deletes what is kept for ever, nor what is not ours', async () => {
    await put(transport());
    await transport({ path: '/ci/blobs' }).documents.write('index.json', text);
    server.advance(1000 * 24 * hourMs);
    expect(await transport({ settings: 'keep=forever' }).expire()).toMatchObject({ deletedFiles: 0 });
    expect(await transport({ settings: 'keep=1h' }).expire()).toMatchObject({ deletedFiles: 1 });
    expect(keys()).toEqual(['ci/blobs/keys/1001/index.json']);
  });

  test('forgets the documents of one key', async () => {
    await put(transport());
    for (const key of ['1001', '1002']) await transport({ key }).documents.write('index.json', text);
    expect(await transport().forgetPipeline()).toEqual({ deletedFiles: 1, deletedBytes: text.byteLength });
    expect([await transport().keys(), keys()[0]]).toEqual([['1002'], `ci/blobs/sha256/${hexOf(small)}`]);
    expect(await transport().documentsOf('1002').read('index.json')).toEqual(Buffer.from(text));
    expect(await transport().removeKey('1002')).toBe('removed');
    expect(await transport().keys()).toEqual([]);
    server.settings.isDeleteDenied = true;
    await transport().documents.write('index.json', text);
    expect(await transport().removeKey('1001')).toBe('unsupported');
  });

  test('is no error for credentials that may not delete', async () => {
    await put(transport());
    server.settings.isDeleteDenied = true;
    server.advance(48 * hourMs);
    const report = await transport({ settings: 'keep=1d' }).expire();
    expect(report).toMatchObject({ deletedFiles: 0, refusal: expect.stringContaining('AccessDenied') });
  });
});
