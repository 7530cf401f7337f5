import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { digestOf, isDrayError, type Descriptor } from '@drayage/core';
import { formatStatus, type StatusDocument } from '@drayage/core/handover';
import { testClock } from '@drayage/http/testing';
import { createOciTransport, type OciTransport, type OciTransportOptions } from './oci-transport.ts';
import {
  startStrictRegistry,
  type StrictRegistry,
  type StrictRegistryOptions,
} from './testing/strict-registry.ts';

const login = { username: 'dray', password: 'planted-password' };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const registries: StrictRegistry[] = [];
const transports: OciTransport[] = [];

afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close();
  for (const registry of registries.splice(0)) await registry.close();
});

async function start(options: StrictRegistryOptions = {}): Promise<StrictRegistry> {
  const registry = await startStrictRegistry({ login, ...options });
  registries.push(registry);
  return registry;
}

function open(registry: StrictRegistry, options: Partial<OciTransportOptions> = {}): OciTransport {
  const transport = createOciTransport({
    url: `oci://${registry.host}/team/handover`,
    key: 'one',
    credentials: { find: () => Promise.resolve({ kind: 'basic', ...login, source: 'the test' }) },
    clock: testClock(),
    ...options,
  });
  transports.push(transport);
  return transport;
}

interface Sample {
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
}

function sample(size: number, fill: string = 'drayage'): Sample {
  const bytes = Buffer.alloc(size, fill);
  return { bytes, descriptor: { mediaType: 'application/octet-stream', digest: digestOf(bytes), size } };
}

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 65_536)
    yield await Promise.resolve(bytes.subarray(at, at + 65_536));
}

async function put(
  transport: OciTransport,
  { bytes, descriptor }: Sample,
  origin?: { readonly registry: string; readonly repository: string },
): Promise<number> {
  const { bytesRead } = await transport.blobs.put(descriptor, async () => chunks(bytes), { origin });
  return bytesRead;
}

async function bytesOf(transport: OciTransport, { descriptor }: Sample): Promise<Buffer> {
  const found: Buffer[] = [];
  const stream: AsyncIterable<Buffer> = await transport.blobs.open(descriptor);
  for await (const chunk of stream) found.push(chunk);
  return Buffer.concat(found);
}

function requests(registry: StrictRegistry, method: string, path: RegExp): number {
  return registry.log.filter((request) => request.method === method && path.test(request.path)).length;
}

describe('uploads', () => {
  test('are one POST and one PUT of the full length', async () => {
    const registry = await start({ maxChunkBytes: 0 });
    await put(open(registry), sample(20_000_000));
    expect([requests(registry, 'POST', /uploads/), requests(registry, 'PUT', /uploads/)]).toEqual([1, 1]);
    expect(requests(registry, 'PATCH', /./)).toBe(0);
  });

  test('begin anew when the connection breaks, and when the registry fails for a while', async () => {
    const registry = await start();
    registry.inject({
      method: 'PUT',
      path: /uploads/,
      times: 1,
      effect: { kind: 'reset', afterBytes: 1_000_000 },
    });
    registry.inject({ method: 'POST', path: /uploads/, times: 3, effect: { kind: 'status', status: 503 } });
    const transport = open(registry);
    const blob = sample(3_000_000);
    expect(await put(transport, blob)).toBe(3_000_000);
    expect(Buffer.compare(await bytesOf(transport, blob), blob.bytes)).toBe(0);
  });

  test('take a blob that another repository of the registry has, without its bytes', async () => {
    const registry = await start({ tokenSec: 300 });
    const blob = sample(1_000_000);
    await put(open(registry, { url: `oci://${registry.host}/team/base` }), blob);
    const transport = open(registry);
    const origin = { registry: registry.host, repository: 'team/base' };
    expect(await put(transport, blob, origin)).toBe(0);
    expect(Buffer.compare(await bytesOf(transport, blob), blob.bytes)).toBe(0);
    expect(requests(registry, 'PUT', /team\/handover.*uploads/)).toBe(0);
  });

  test.each([
    ['does not mount', { mounts: false }, 'team/base'],
    ['has no such repository', {}, 'team/none'],
  ])('send the bytes where the registry %s', async (_, options, repository) => {
    const registry = await start(options);
    const blob = sample(100_000);
    await put(open(registry, { url: `oci://${registry.host}/team/base` }), blob);
    expect(await put(open(registry), blob, { registry: registry.host, repository })).toBe(100_000);
  });

  test('refuse a blob over 10 GB before anything is sent, and say why', async () => {
    const registry = await start();
    const { digest } = sample(1).descriptor;
    const descriptor = { mediaType: 'application/octet-stream', digest, size: 10_000_000_001 };
    const error = await failureOf(
      open(registry).blobs.put(descriptor, () => Promise.reject(new Error('the source was opened'))),
    );
    expect(error).toMatchObject({ code: 'TRANSPORT_IO', message: expect.stringContaining('10 GB') });
    expect(requests(registry, 'POST', /uploads/)).toBe(0);
  });

  test('say when a proxy does not accept a blob of that size', async () => {
    const registry = await start({ maxUploadBytes: 1_000_000 });
    const error = await failureOf(put(open(registry), sample(1_500_000)));
    expect(error).toMatchObject({ code: 'REGISTRY_DENIED', message: expect.stringContaining('413') });
  });

  test('renew a token that has expired', async () => {
    const clock = testClock();
    const registry = await start({ tokenSec: 300 });
    const transport = open(registry, { clock });
    await put(transport, sample(10_000));
    registry.advance(301);
    await put(transport, sample(20_000));
    expect(requests(registry, 'GET', /^\/token/)).toBeGreaterThan(2);
  });
});

describe('reads', () => {
  test('take blobs from a mirror of the registry, and documents from the registry', async () => {
    const [registry, mirror] = [await start(), await start()];
    const blob = sample(100_000);
    const writer = open(registry);
    await put(writer, blob);
    await writer.documents.write('index.json', text('1'));
    await put(open(mirror), blob);
    const mirrors = { [registry.host]: [`http://${mirror.host}`] };
    const reader = open(registry, { mirrors });
    expect(String(await reader.documents.read('index.json'))).toBe('1');
    expect(Buffer.compare(await bytesOf(reader, blob), blob.bytes)).toBe(0);
    expect(requests(registry, 'GET', /blobs\/sha256/)).toBe(0);
    await mirror.stop();
    expect(Buffer.compare(await bytesOf(reader, blob), blob.bytes)).toBe(0);
  });
});

describe('documents', () => {
  test('are replaced by one request, and cost a reader a HEAD while they do not change', async () => {
    const registry = await start();
    const [writer, reader] = [open(registry), open(registry)];
    await writer.documents.write('dray-status.json', text('{"beat":1}'));
    expect(await reader.documents.read('dray-status.json')).toEqual(Buffer.from('{"beat":1}'));
    const before = registry.log.length;
    expect(await reader.documents.read('dray-status.json')).toEqual(Buffer.from('{"beat":1}'));
    expect(registry.log.slice(before).map(({ method }) => method)).toEqual(['HEAD']);
    const writes = registry.log.length;
    await writer.documents.write('dray-status.json', text('{"beat":2}'));
    expect(registry.log.slice(writes).map(({ method }) => method)).toEqual(['PUT']);
    expect(await reader.documents.read('dray-status.json')).toEqual(Buffer.from('{"beat":2}'));
  });

  test('stay apart by key, and blobs do not', async () => {
    const registry = await start();
    const [one, two] = [open(registry), open(registry, { key: 'two' })];
    const blob = sample(50_000);
    await put(one, blob);
    await one.documents.write('index.json', text('1'));
    await two.documents.write('index.json', text('2'));
    expect(await put(two, blob)).toBe(0);
    expect(String(await one.documents.read('index.json'))).toBe('1');
    expect(await keysOf(two)).toEqual(['one', 'two']);
  });

  test('of a key in the URL are those of that key', async () => {
    const registry = await start();
    const url = `oci://${registry.host}/team/handover:nightly`;
    await open(registry, { url }).documents.write('index.json', text('1'));
    expect(await keysOf(open(registry))).toEqual(['nightly']);
  });

  test('keep the blobs of a bundle from garbage collection, also those of an earlier run', async () => {
    const registry = await start();
    const [first, second, stray] = [sample(10_000), sample(20_000), sample(30_000)];
    const earlier = open(registry);
    await put(earlier, first);
    await earlier.documents.write('index.json', text('1'));
    const later = open(registry);
    await put(later, second);
    await later.documents.write('index.json', text('2'));
    await put(open(registry, { key: 'other' }), stray);
    registry.state.collectGarbage();
    const reader = open(registry);
    for (const blob of [first, second])
      expect(await bytesOf(reader, blob)).toHaveLength(blob.bytes.byteLength);
    expect(await reader.blobs.stat(stray.descriptor.digest)).toBeUndefined();
  });

  test('of another program under the same tag are refused', async () => {
    const registry = await start();
    const manifest = Buffer.from('{"schemaVersion":2,"config":{},"layers":[]}');
    registry.state.addManifest('team/handover', 'one.dray-index', { bytes: manifest, mediaType: 'x' });
    const error = await failureOf(open(registry).documents.read('index.json'));
    expect(error).toMatchObject({ code: 'BUNDLE_INVALID' });
  });
});

describe('a registry with a list of allowed types', () => {
  test('is tried with artifacts once per process', async () => {
    const allowedTypes = [
      'application/vnd.oci.image.config.v1+json',
      'application/vnd.oci.image.layer.v1.tar',
    ];
    const registry = await start({ allowedTypes });
    for (const key of ['one', 'two']) {
      const transport = open(registry, { key });
      await transport.documents.write('dray-status.json', text(key));
      expect(String(await transport.documents.read('dray-status.json'))).toBe(key);
    }
    const refused = registry.log.filter(({ status, path }) => status === 400 && path.includes('/manifests/'));
    expect(refused).toHaveLength(1);
  });
});

describe('keys', () => {
  const day = 24 * 3_600_000;

  /** A bundle whose status was written `ageMs` ago. */
  async function bundle(
    registry: StrictRegistry,
    key: string,
    state: StatusDocument['state'],
    ageMs: number,
  ): Promise<void> {
    const transport = open(registry, { key });
    const updatedAt = new Date(testClock().now() - ageMs).toISOString();
    const progress = { bytesFetched: 0, bytesReused: 0 };
    const base = {
      version: 1,
      runId: key,
      beat: 1,
      leaseMs: 30_000,
      startedAt: updatedAt,
      updatedAt,
    } as const;
    await transport.documents.write(
      'dray-status.json',
      formatStatus({ ...base, state, progress, images: [] }),
    );
    await transport.documents.write('index.json', text('the same'));
  }

  test('that are old are removed with all their documents, and no other key with them', async () => {
    const registry = await start();
    await bundle(registry, 'old', 'ready', 8 * day);
    await bundle(registry, 'young', 'ready', day);
    await bundle(registry, 'crashed', 'running', 8 * day);
    await bundle(registry, 'one', 'ready', 9 * day);
    const own = open(registry);
    expect(await own.expire(undefined, 7 * day)).toEqual({ deletedFiles: 4, deletedBytes: 0 });
    expect(await keysOf(own)).toEqual(['one', 'young']);
    expect(String(await open(registry, { key: 'young' }).documents.read('index.json'))).toBe('the same');
  });

  test('of a pre-pull that runs stay, however short the time', async () => {
    const registry = await start();
    await bundle(registry, 'running', 'running', 3_600_000);
    await bundle(registry, 'done', 'ready', 3_600_000);
    await open(registry).expire(undefined, 1000);
    expect(await keysOf(open(registry))).toEqual(['running']);
  });

  test('stay where the registry deletes nothing, which is said', async () => {
    const registry = await start({ deletes: false });
    await bundle(registry, 'old', 'ready', 8 * day);
    const report = await open(registry).expire(undefined, 7 * day);
    expect(report).toMatchObject({ deletedFiles: 0, refusal: expect.stringContaining('deletes nothing') });
    expect(await keysOf(open(registry))).toEqual(['old']);
    expect(requests(registry, 'DELETE', /./)).toBe(1);
  });
});

async function keysOf(transport: OciTransport): Promise<readonly string[]> {
  return (await transport.contents()).bundles.map(({ key }) => key);
}

describe('under faults', () => {
  test('a read goes on over a connection that breaks, behind a redirect', async () => {
    const registry = await start({ redirects: true });
    const transport = open(registry);
    const blob = sample(3_000_000);
    await put(transport, blob);
    registry.inject({
      method: 'GET',
      path: /signature/,
      times: 2,
      effect: { kind: 'reset', afterBytes: 400_000 },
    });
    expect(Buffer.compare(await bytesOf(transport, blob), blob.bytes)).toBe(0);
  });

  test('a registry that is killed and comes back costs a retry', async () => {
    const registry = await start();
    const clock = testClock();
    const transport = open(registry, {
      clock: {
        ...clock,
        // The first pause ends with the registry back.
        sleep: async (ms, signal) => {
          await registry.start();
          await clock.sleep(ms, signal);
        },
      },
    });
    const blob = sample(2_000_000);
    await put(transport, blob);
    await registry.stop();
    expect(Buffer.compare(await bytesOf(transport, blob), blob.bytes)).toBe(0);
  });

  test('two senders with one key leave whole documents and every blob', async () => {
    const registry = await start();
    const senders = [open(registry), open(registry)];
    const blobs = [sample(400_000, 'a'), sample(500_000, 'b'), sample(600_000, 'c')];
    await Promise.all(
      senders.map(async (sender, position) => {
        for (const blob of blobs) {
          await put(sender, blob);
          await sender.documents.write('index.json', text(`sender ${String(position)}`));
        }
      }),
    );
    registry.state.collectGarbage();
    const reader = open(registry);
    expect(String(await reader.documents.read('index.json'))).toMatch(/^sender [01]$/);
    for (const blob of blobs) expect(Buffer.compare(await bytesOf(reader, blob), blob.bytes)).toBe(0);
  });

  test('no error repeats a secret, also one in a signed URL', async () => {
    const registry = await start({ redirects: true, tokenSec: 300 });
    const transport = open(registry);
    const blob = sample(100_000);
    await put(transport, blob);
    registry.inject({ method: 'GET', path: /signature/, times: 99, effect: { kind: 'status', status: 500 } });
    registry.inject({ method: 'PUT', path: /uploads/, times: 99, effect: { kind: 'status', status: 403 } });
    for (const error of [
      await failureOf(bytesOf(transport, blob)),
      await failureOf(put(transport, sample(9))),
    ]) {
      expect(isDrayError(error)).toBe(true);
      expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('planted');
    }
  });
});

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
