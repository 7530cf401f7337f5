import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { digestOf, parseReference } from '@drayage/core';
import type { Credential } from './credentials/credential-store.ts';
import type { MirrorFailure } from './mirror-chain.ts';
import type { RegistryOptions } from './registry-access.ts';
import { createRegistrySource } from './registry-source.ts';
import { generatedContent } from './testing/content.ts';
import {
  startFaultyRegistry,
  type FaultyRegistry,
  type FaultyRegistryOptions,
} from './testing/faulty-registry.ts';
import { testClock } from '@drayage/http/testing';
import { readAll } from './testing/fixture.ts';

const content = generatedContent(7, 2 * 1024 * 1024);
const basic = { kind: 'basic', username: 'me', password: 'planted-origin' } as const;

describe('mirrors', () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });

  const serve = async (repository: string, options: FaultyRegistryOptions = {}): Promise<FaultyRegistry> => {
    const registry = await startFaultyRegistry(options);
    open.push(registry);
    const layer = registry.addBlob(content);
    registry.addManifest(repository, ['1', '1.2'], { schemaVersion: 2, layers: [layer] });
    return registry;
  };
  const failures: MirrorFailure[] = [];
  const clock = testClock();
  const sourceFor = (
    origin: string,
    mirrors: readonly string[],
    options: Partial<RegistryOptions> = {},
  ): ReturnType<typeof createRegistrySource> => {
    failures.length = 0;
    const source = createRegistrySource({
      credentials: { find: () => Promise.resolve(undefined) },
      clock,
      mirrors: { [origin]: mirrors },
      onMirrorFailure: (failure) => failures.push(failure),
      ...options,
    });
    open.push(source);
    return source;
  };
  const pull = async (
    source: ReturnType<typeof createRegistrySource>,
    reference: ReturnType<typeof parseReference>,
  ): Promise<void> => {
    const descriptor = await source.resolve(reference);
    await source.fetchManifest(reference, descriptor);
    const layer = { mediaType: 'x', digest: content.digest, size: content.size };
    const bytes = await readAll(await source.openBlob(reference, layer));
    expect(digestOf(bytes)).toBe(content.digest);
  };
  const codes = (): readonly string[] => failures.map(({ error }) => error.code);

  test('serve all of a pull, and the origin is not asked', async () => {
    const origin = await serve('app');
    const mirror = await serve('a/prefix/app');
    const reference = parseReference(`${origin.host}/app:1`);
    const source = sourceFor(origin.host, [`http://${mirror.host}/a/prefix`]);
    await pull(source, reference);
    const tags: string[] = [];
    for await (const tag of source.listTags(reference)) tags.push(tag);
    expect(tags).toEqual(['1', '1.2']);
    expect([origin.log.length, failures.length]).toEqual([0, 0]);
    expect(mirror.log.every(({ path }) => path === '/v2/' || path.startsWith('/v2/a/prefix/app/'))).toBe(
      true,
    );
  });

  test('of Docker Hub can be a dependency proxy, which has its own names', async () => {
    const mirror = await serve('group/dependency_proxy/containers/redis');
    const source = sourceFor('docker.io', [`http://${mirror.host}/group/dependency_proxy/containers`]);
    await pull(source, parseReference('redis:1'));
    expect(failures).toEqual([]);
  });

  test.each([401, 403, 404, 429, 500, 503])('that answer %d are passed over', async (status) => {
    const origin = await serve('app');
    const mirror = await serve('app');
    mirror.inject({ effect: { kind: 'status', status }, path: /manifests|blobs|tags/ });
    const source = sourceFor(origin.host, [`http://${mirror.host}`]);
    await pull(source, parseReference(`${origin.host}/app:1`));
    const tags: string[] = [];
    for await (const tag of source.listTags(parseReference(`${origin.host}/app`))) tags.push(tag);
    expect(tags).toHaveLength(2);
    expect(codes().length).toBe(1);
    expect(failures[0]).toMatchObject({ mirror: mirror.host, registry: origin.host, repository: 'app' });
  });

  test('are asked in their order, and one that is down costs its time once', async () => {
    const origin = await serve('app');
    const down = await serve('app');
    await down.close();
    const lacking = await serve('other');
    const good = await serve('app');
    const source = sourceFor(origin.host, [
      `http://${down.host}`,
      `http://${lacking.host}`,
      `http://${good.host}`,
    ]);
    const pauses = clock.pauses.length;
    await pull(source, parseReference(`${origin.host}/app:1`));
    expect(codes()).toEqual(['REGISTRY_UNREACHABLE', 'REGISTRY_NOT_FOUND']);
    expect(clock.pauses.length - pauses).toBe(1);
    expect(origin.log).toEqual([]);
  });

  test('that lie about a manifest are passed over', async () => {
    const origin = await serve('app');
    const mirror = await serve('app');
    mirror.inject({ kind: 'manifest', method: 'GET', effect: { kind: 'corrupt' } });
    const source = sourceFor(origin.host, [`http://${mirror.host}`]);
    await pull(source, parseReference(`${origin.host}/app:1`));
    expect(codes()).toEqual(['DIGEST_MISMATCH']);
  });

  test.each([
    ['break off', { kind: 'reset', afterBytes: 1_000_000 }],
    ['have only a part', { kind: 'truncate', bytes: 1_000_000 }],
  ] as const)('that %s are replaced in the middle of a blob', async (_, effect) => {
    const origin = await serve('app');
    const mirror = await serve('app');
    mirror.inject({ kind: 'blob', effect });
    const source = sourceFor(origin.host, [`http://${mirror.host}`]);
    await pull(source, parseReference(`${origin.host}/app:1`));
    const ranges = origin.log.flatMap(({ headers }) => headers['range'] ?? []);
    expect(ranges).toHaveLength(1);
    expect(Number(/\d+/.exec(ranges[0] ?? '')?.[0])).toBeGreaterThan(0);
    expect(mirror.log.filter(({ kind }) => kind === 'blob')).toHaveLength(1);
    expect(codes()).toHaveLength(1);
  });

  test('never see the credentials of the origin, but their own', async () => {
    const origin = await serve('app', { auth: basic });
    const mirror = await serve('app', {
      auth: { kind: 'bearer', user: { username: 'mirror', password: 'planted-mirror' } },
    });
    const credentials: Record<string, Credential> = {
      [origin.host]: { ...basic, source: 'origin' },
      [mirror.host]: { kind: 'basic', username: 'mirror', password: 'planted-mirror', source: 'mirror' },
    };
    const source = sourceFor(origin.host, [`http://${mirror.host}`], {
      credentials: { find: (host) => Promise.resolve(credentials[host]) },
    });
    const reference = parseReference(`${origin.host}/app:1`);
    await pull(source, reference);
    expect(failures).toEqual([]);
    mirror.revokeTokens();
    mirror.inject({ kind: 'token', effect: { kind: 'status', status: 401 } });
    await pull(source, reference);
    expect(codes()).toEqual(['REGISTRY_UNAUTHORIZED']);
    expect(inspect(mirror.log, { depth: 20 })).not.toContain(
      Buffer.from('me:planted-origin').toString('base64'),
    );
    expect(inspect(origin.log, { depth: 20 })).not.toContain(
      Buffer.from('mirror:planted-mirror').toString('base64'),
    );
    expect(inspect(failures, { depth: 20, showHidden: true })).not.toContain('planted');
  });

  test('do not stand for other registries', async () => {
    const origin = await serve('app');
    const mirror = await serve('app');
    const source = sourceFor('docker.io', [`http://${mirror.host}`]);
    await pull(source, parseReference(`${origin.host}/app:1`));
    expect(mirror.log).toEqual([]);
  });

  test('leave the last word to the origin', async () => {
    const origin = await serve('other');
    const mirror = await serve('other');
    const source = sourceFor(origin.host, [`http://${mirror.host}`]);
    const error: unknown = await source
      .resolve(parseReference(`${origin.host}/app:1`))
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'REGISTRY_NOT_FOUND', details: { registry: origin.host } });
  });

  test('are no way on for a caller who gave up', async () => {
    const origin = await serve('app');
    const mirror = await serve('app');
    const source = sourceFor(origin.host, [`http://${mirror.host}`]);
    const resolved = source.resolve(parseReference(`${origin.host}/app:1`), AbortSignal.abort());
    await expect(resolved).rejects.toMatchObject({ code: 'ABORTED' });
    expect([origin.log, failures]).toEqual([[], []]);
  });

  test('that are no URL are refused at once', () => {
    expect(() => sourceFor('docker.io', ['ftp://x'])).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});
