import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bytesOf, rejectionOf, sampleBlob, streamOf, type SampleBlob } from '@drayage/core/testing';
import type { GitlabAccess } from '../api/access.ts';
import { startFakeGitlab, type FakeGitlab } from '../testing/fake-gitlab.ts';
import { accessTo, pausingClock } from '../testing/test-access.ts';
import { createGitlabTransport, type GitlabTransport } from './gitlab-transport.ts';
import { pipelineVersion } from './bundle-location.ts';

const dayMs = 24 * 3_600_000;
const blob = sampleBlob(700_000);
const first = new TextEncoder().encode('{"n":1}');
const second = new TextEncoder().encode('{"n":2}');

let gitlab: FakeGitlab;
const open: GitlabTransport[] = [];
beforeEach(async () => {
  gitlab = await startFakeGitlab();
});
afterEach(async () => {
  for (const transport of open.splice(0)) await transport.close();
  expect(gitlab.leaks).toEqual([]);
  await gitlab.close();
});

function transport(more: Partial<GitlabAccess> & { url?: string; pipeline?: string } = {}): GitlabTransport {
  const { url = 'gitlab://packages', pipeline = '1001', ...access } = more;
  const made = createGitlabTransport({ ...accessTo(gitlab, access), url, pipeline });
  open.push(made);
  return made;
}

async function put({ blobs }: GitlabTransport, { descriptor, bytes }: SampleBlob = blob): Promise<number> {
  return (await blobs.put(descriptor, async () => streamOf(bytes))).bytesRead;
}

async function read({ blobs }: GitlabTransport, { descriptor }: SampleBlob = blob): Promise<Uint8Array> {
  return bytesOf(await blobs.open(descriptor));
}

const names = (): readonly string[] => gitlab.files().map(({ name }) => name);
const hex = blob.descriptor.digest.slice('sha256:'.length);

describe('blobs in generic packages', () => {
  test('are hidden files named by their digest, raw and of known length', async () => {
    await put(transport());
    expect(gitlab.files()).toMatchObject([
      { packageName: 'drayage', packageVersion: 'blobs', name: hex, sha256: hex, sizeBytes: 700_000 },
    ]);
    const upload = gitlab.requests.find(({ method }) => method === 'PUT');
    expect(upload).toMatchObject({
      query: { status: 'hidden', select: 'package_file' },
      headers: { 'content-length': '700000', 'content-type': 'application/octet-stream' },
      bytesReceived: 700_000,
    });
  });

  test('are not uploaded again by another pipeline, and one list tells that', async () => {
    const others = [sampleBlob(1000), sampleBlob(2000)];
    for (const other of [blob, ...others]) await put(transport(), other);
    const since = gitlab.requests.length;
    const later = transport({ pipeline: '1002' });
    const read = [await put(later), await put(later, others[0]), await put(later, others[1])];
    expect(read).toEqual([0, 0, 0]);
    expect(gitlab.requests.slice(since).map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  test('count as there for half of the time that they are kept', async () => {
    await put(transport());
    gitlab.advance(3.4 * dayMs);
    expect(await transport().blobs.stat(blob.descriptor.digest)).toMatchObject({ size: 700_000 });
    gitlab.advance(0.2 * dayMs);
    expect(await transport().blobs.stat(blob.descriptor.digest)).toBeUndefined();
    expect(Buffer.compare(await read(transport()), blob.bytes)).toBe(0);
  });

  test('are uploaded under another name when the old file is about to expire, and found there afterwards', async () => {
    gitlab.settings.allowsDuplicates = false;
    gitlab.settings.jobTokenDeletes = true;
    await put(transport());
    gitlab.advance(4 * dayMs);
    expect(await put(transport())).toBe(700_000);
    expect(names()).toEqual([hex, `${hex}-1`]);
    gitlab.advance(4 * dayMs);
    expect(await transport().expire()).toMatchObject({ deletedFiles: 1 });
    expect(names()).toEqual([`${hex}-1`]);
    expect(Buffer.compare(await read(transport()), blob.bytes)).toBe(0);
  });

  test('that somebody else has put there meanwhile are no failure where duplicates are forbidden', async () => {
    gitlab.settings.allowsDuplicates = false;
    const [one, other] = [transport(), transport()];
    await one.blobs.stat(blob.descriptor.digest);
    await put(other);
    expect(await put(one)).toBe(700_000);
    expect(names()).toEqual([hex]);
  });

  test('are removed again when something else arrived', async () => {
    gitlab.settings.spoilsUploads = true;
    gitlab.settings.jobTokenDeletes = true;
    expect(await rejectionOf(put(transport()))).toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(names()).toEqual([]);
  });

  test('are read on over another connection when one breaks', async () => {
    gitlab.breakDownload(300_000);
    gitlab.breakDownload(100_000);
    const clock = pausingClock();
    await put(transport());
    expect(Buffer.compare(await read(transport({ clock })), blob.bytes)).toBe(0);
    expect(clock.pauses).toHaveLength(2);
    const ranges = gitlab.requests.map(({ headers }) => headers.range).filter((range) => range !== undefined);
    expect(ranges).toHaveLength(2);
  });

  test('end with an error when the connection breaks again and again', async () => {
    for (let turn = 0; turn < 10; turn += 1) gitlab.breakDownload(10);
    await put(transport());
    const error = await rejectionOf(read(transport({ clock: pausingClock() })));
    expect(error).toMatchObject({ side: 'source', digest: blob.descriptor.digest });
  });

  test('are listed for other callers when one aborts the shared listing', async () => {
    gitlab.settings.latencyMs = 50;
    const [controller, { blobs }] = [new AbortController(), transport()];
    const aborted = rejectionOf(blobs.stat(blob.descriptor.digest, controller.signal));
    const patient = blobs.stat(blob.descriptor.digest);
    setImmediate(() => controller.abort());
    expect(await aborted).toMatchObject({ code: 'ABORTED' });
    expect(await patient).toBeUndefined();
  });

  test('stop coming when aborted', async () => {
    await put(transport());
    const controller = new AbortController();
    const stream = await transport().blobs.open(blob.descriptor, { signal: controller.signal });
    controller.abort();
    expect(await rejectionOf(bytesOf(stream))).toMatchObject({ code: 'ABORTED' });
  });
});

describe('requests that fail', () => {
  test('are tried again after the pause that GitLab asks for, in seconds or by a date', async () => {
    const clock = pausingClock(() => Date.UTC(2026, 0, 1));
    const date = new Date(clock.now() + 20_000).toUTCString();
    gitlab.fail({ method: 'PUT', status: 429, retryAfter: '7' });
    gitlab.fail({ method: 'PUT', status: 503, retryAfter: date });
    gitlab.fail({ method: 'GET', path: /packages$/, status: 429, retryAfter: '3' });
    await put(transport({ clock }));
    expect(clock.pauses).toEqual([3_000, 7_000, 20_000]);
    expect(names()).toEqual([hex]);
  });

  test('are tried again when the connection breaks, from the start of the source', async () => {
    gitlab.fail({ method: 'PUT', status: 'reset' });
    const offsets: number[] = [];
    await transport({ clock: pausingClock() }).blobs.put(blob.descriptor, async (offset) => {
      offsets.push(offset);
      return streamOf(blob.bytes);
    });
    expect(offsets).toEqual([0, 0]);
  });

  test('are given up in the end', async () => {
    gitlab.fail({ method: 'PUT', status: 502, times: 99 });
    const clock = pausingClock();
    const error = await rejectionOf(put(transport({ clock })));
    expect(error).toMatchObject({ code: 'TRANSPORT_UNREACHABLE', operation: 'write', side: 'destination' });
    expect(clock.pauses).toHaveLength(4);
  });

  test('that are too large cause an error before the body is sent', async () => {
    gitlab.settings.maxFileBytes = 1024 * 1024;
    const large = sampleBlob(8 * 1024 * 1024);
    const error = await rejectionOf(put(transport(), large));
    expect(error).toMatchObject({ code: 'TRANSPORT_IO', details: { status: 413 } });
    expect(gitlab.requests.find(({ status }) => status === 413)?.bytesReceived).toBe(0);
  });

  test.each([
    ['a token that expired', { kind: 'job', value: 'planted-expired' } as const, /DRAY_GITLAB_TOKEN/],
    ['a token of a project', { kind: 'access', value: 'planted-expired' } as const, /scope api/],
    ['no token', undefined, /CI_JOB_TOKEN/],
  ])('with %s say what to do', async (_, token, hint) => {
    const error = await rejectionOf(transport({ token }).documents.write('index.json', first));
    expect(error).toMatchObject({ code: 'TRANSPORT_DENIED', hint: expect.stringMatching(hint) });
    expect(String(error)).not.toContain('planted-expired');
  });

  test('at a GitLab that is not there say so', async () => {
    const apiUrl = gitlab.apiUrl;
    await gitlab.close();
    const gone = transport({ apiUrl, clock: pausingClock() });
    expect(await rejectionOf(gone.documents.read('index.json'))).toMatchObject({
      code: 'TRANSPORT_UNREACHABLE',
      side: 'source',
    });
  });

  test('with an invalid API URL are wrong usage', () => {
    expect(() => transport({ apiUrl: 'gitlab.example/api' })).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    );
  });
});

describe('documents in generic packages', () => {
  test('are apart for each pipeline', async () => {
    await transport().documents.write('index.json', first);
    expect(await transport({ pipeline: '1002' }).documents.read('index.json')).toBeUndefined();
    expect(gitlab.files()).toMatchObject([{ packageVersion: '1001', name: 'index.json' }]);
  });

  test.each([
    ['1001', '1001'],
    ['my.run+1', 'my.run+1'],
    ['blobs', expect.stringMatching(/^p-[0-9a-f]{32}$/)],
    ['a/../b', expect.stringMatching(/^p-[0-9a-f]{32}$/)],
  ])('have a version that GitLab takes for pipeline %s', (pipeline, version) => {
    expect(pipelineVersion(pipeline)).toEqual(version);
  });

  test('leave only the newest two versions behind, where they may be deleted', async () => {
    gitlab.settings.jobTokenDeletes = true;
    const writer = transport();
    for (let turn = 0; turn < 6; turn += 1) await writer.documents.write('dray-status.json', first);
    await writer.documents.write('dray-status.json', second);
    await writer.close();
    expect(names()).toEqual(['dray-status.json', 'dray-status.json']);
    expect(await transport().documents.read('dray-status.json')).toEqual(Buffer.from(second));
  });

  test('stay if the token cannot delete; only one attempt is made', async () => {
    const writer = transport();
    for (let turn = 0; turn < 3; turn += 1) await writer.documents.write('dray-status.json', first);
    while (!gitlab.requests.some(({ method }) => method === 'DELETE')) await sleep(1);
    await writer.documents.write('dray-status.json', second);
    await writer.documents.write('dray-status.json', second);
    expect(gitlab.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
    expect(names()).toHaveLength(5);
  });

  test('are followed by a reader while they change, in a group that forbids duplicates', async () => {
    gitlab.settings.allowsDuplicates = false;
    const [writer, reader] = [transport(), transport()];
    for (const bytes of [first, second, first]) {
      await writer.documents.write('dray-status.json', bytes);
      expect(await reader.documents.read('dray-status.json')).toEqual(Buffer.from(bytes));
    }
    await writer.documents.write('index.json', second);
    expect(await reader.documents.read('index.json')).toEqual(Buffer.from(second));
    expect(names()).toEqual(['dray-status.json', 'dray-status-1.json', 'dray-status-2.json', 'index.json']);
  });

  test('are continued by a job that is retried, in a group that forbids duplicates', async () => {
    gitlab.settings.allowsDuplicates = false;
    await transport().documents.write('dray-status.json', first);
    await transport().documents.write('dray-status.json', second);
    expect(await transport().documents.read('dray-status.json')).toEqual(Buffer.from(second));
  });

  test('are looked at with one request each, once it is known how they are stored', async () => {
    const [writer, reader] = [transport(), transport()];
    await writer.documents.write('dray-status.json', first);
    await reader.documents.read('dray-status.json');
    await writer.documents.write('dray-status.json', second);
    await reader.documents.read('dray-status.json');
    const since = gitlab.requests.length;
    for (let turn = 0; turn < 3; turn += 1) await reader.documents.read('dray-status.json');
    expect(gitlab.requests.length - since).toBe(3);
  });
});

describe('cleaning up', () => {
  const token = { kind: 'access', value: 'planted-access-token' } as const;

  test('deletes what has expired, and says how much that was', async () => {
    await put(transport());
    await transport().documents.write('index.json', first);
    gitlab.advance(6 * dayMs);
    const young = sampleBlob(10);
    await put(transport(), young);
    gitlab.advance(2 * dayMs);
    const report = await transport({ token, pipeline: '1002' }).expire();
    expect(report).toEqual({ deletedFiles: 2, deletedBytes: 700_000 + first.byteLength });
    expect(gitlab.files()).toMatchObject([{ sizeBytes: 10 }]);
  });

  test('leaves the package of others with the same name alone', async () => {
    const path = `${gitlab.apiUrl}/projects/42/packages/generic/drayage/1.0/setup.exe?status=hidden`;
    await fetch(path, { method: 'PUT', body: 'theirs', headers: { 'job-token': gitlab.jobToken } });
    gitlab.advance(30 * dayMs);
    expect(await transport({ token }).expire()).toEqual({ deletedFiles: 0, deletedBytes: 0 });
    expect(names()).toEqual(['setup.exe']);
  });

  test('forgets a pipeline as a whole where it shares nothing', async () => {
    const own = transport({ token, url: 'gitlab://packages?keep=pipeline' });
    await put(own);
    await own.documents.write('index.json', first);
    expect(await own.forgetPipeline()).toMatchObject({ deletedFiles: 2 });
    expect(gitlab.files()).toEqual([]);
  });

  test('is not an error for a token that cannot delete', async () => {
    await put(transport());
    gitlab.advance(8 * dayMs);
    const report = await transport().expire();
    expect(report).toMatchObject({ deletedFiles: 0, refusal: expect.stringContaining('403') });
    expect(names()).toEqual([hex]);
  });
});
