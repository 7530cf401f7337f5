import { gzipSync } from 'node:zlib';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { DrayError, digestOf } from '@drayage/core';
import { readAll, startFixture, type Fixture, type FixtureOptions } from './testing/fixture.ts';

const user = { username: 'me', password: 'planted-password' };
const basic = { kind: 'basic', ...user } as const;

describe('authorization', () => {
  let fixture: Fixture | undefined;
  const start = async (options: FixtureOptions): Promise<Fixture> => {
    fixture = await startFixture(options);
    return fixture;
  };
  afterEach(() => fixture?.close());

  const count = ({ registry }: Fixture, kind: string): number =>
    registry.log.filter((entry) => entry.kind === kind).length;

  test('Basic is sent once the ping asked for it', async () => {
    const { source, reference, manifest, registry } = await start({
      auth: { kind: 'basic', ...user },
      credential: basic,
    });
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
    expect(registry.log.map(({ status }) => status)).toEqual([401, 200]);
  });

  test('nothing is sent to a registry that asks for nothing', async () => {
    const { source, reference, registry } = await start({ credential: basic });
    await source.resolve(reference);
    expect(registry.log.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
  });

  test('an anonymous token is fetched without credentials, once for all parallel requests', async () => {
    const started = await start({ auth: { kind: 'bearer' } });
    const { source, reference, manifest, layer, registry } = started;
    await Promise.all([
      source.resolve(reference),
      source.fetchManifest(reference, manifest),
      ...[1, 2, 3, 4].map(async () => readAll(await source.openBlob(reference, layer))),
    ]);
    expect([count(started, 'ping'), count(started, 'token')]).toEqual([1, 1]);
    const token = registry.log.find(({ kind }) => kind === 'token');
    expect(token?.path).toBe('/token?service=registry.test&scope=repository%3Aapp%3Apull');
    expect(token?.headers['authorization']).toBeUndefined();
  });

  test('user name and password go to the token service, the token to the registry', async () => {
    const { source, reference, registry } = await start({
      auth: { kind: 'bearer', user },
      credential: basic,
    });
    await source.resolve(reference);
    const sent = registry.log.map(({ kind, headers }) => [kind, headers['authorization']?.split(' ')[0]]);
    expect(sent).toEqual([
      ['ping', undefined],
      ['token', 'Basic'],
      ['manifest', 'Bearer'],
    ]);
  });

  test('an identity token is exchanged by POST and is in no URL', async () => {
    const { source, reference, manifest, registry } = await start({
      auth: { kind: 'bearer', identityToken: 'planted-identity' },
      credential: { kind: 'identityToken', token: 'planted-identity' },
    });
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
    const token = registry.log.find(({ kind }) => kind === 'token');
    expect([token?.method, token?.path]).toEqual(['POST', '/token']);
    expect(token?.body).toContain('grant_type=refresh_token');
  });

  test('a registry token is sent unchanged', async () => {
    const started = await start({
      auth: { kind: 'bearer' },
      credential: { kind: 'registryToken', token: 'planted-rt' },
    });
    await expect(started.source.resolve(started.reference)).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    });
    expect(count(started, 'token')).toBe(0);
    expect(started.registry.log.at(-1)?.headers['authorization']).toBe('Bearer planted-rt');
  });

  test('every repository has its own token', async () => {
    const started = await start({ auth: { kind: 'bearer' } });
    await started.source.resolve(started.reference);
    await started.source.resolve({ ...started.reference, repository: 'other' }).catch(() => undefined);
    expect(count(started, 'token')).toBe(2);
  });

  test('a token is used until it expires', async () => {
    const started = await start({ auth: { kind: 'bearer', expiresInSec: 60 } });
    const { source, reference, clock } = started;
    await source.resolve(reference);
    clock.advance(50_000);
    await source.resolve(reference);
    expect(count(started, 'token')).toBe(1);
    clock.advance(10_000);
    await source.resolve(reference);
    expect(count(started, 'token')).toBe(2);
  });

  test.each([
    ['as access_token beside an empty token', { token: '', access_token: 'fixed' }, 200, undefined],
    ['as access_token beside a token that is null', { token: null, access_token: 'fixed' }, 200, undefined],
    ['with another status of success', { token: 'fixed' }, 201, undefined],
    ['encoded', { token: 'fixed' }, 200, 'gzip'],
  ] as const)('a token may come %s', async (_, body, status, encoding) => {
    const started = await start({ auth: { kind: 'bearer', expiresInSec: 60 }, nextTokenName: () => 'fixed' });
    const { source, reference, manifest, registry, clock } = started;
    await source.resolve(reference);
    clock.advance(60_000);
    const text = JSON.stringify(body);
    const headers: Record<string, string> = encoding === undefined ? {} : { 'content-encoding': encoding };
    const bytes = encoding === undefined ? text : gzipSync(text);
    registry.inject({ kind: 'token', times: 1, effect: { kind: 'status', status, body: bytes, headers } });
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
    expect(count(started, 'token')).toBe(2);
  });

  test('a token that ends in the middle of a pull is renewed, once for all who were refused', async () => {
    const started = await start({ auth: { kind: 'bearer' } });
    const { source, reference, layer, manifest, registry } = started;
    await source.resolve(reference);
    registry.inject({ kind: 'blob', times: 2, effect: { kind: 'reset', afterBytes: 1024 * 1024 } });
    registry.revokeTokens();
    const streams = await Promise.all([1, 2].map(() => source.openBlob(reference, layer)));
    registry.revokeTokens();
    const blobs = await Promise.all(streams.map(readAll));
    expect(blobs.map(digestOf)).toEqual([layer.digest, layer.digest]);
    await source.fetchManifest(reference, manifest);
    expect(count(started, 'token')).toBe(3);
  });

  test('a token that is used up in the middle of a blob is renewed for the rest of it', async () => {
    const started = await start({ auth: { kind: 'bearer', user, usesPerToken: 2 }, credential: basic });
    const { source, reference, layer, registry } = started;
    await source.resolve(reference);
    registry.inject({ kind: 'blob', times: 1, effect: { kind: 'reset', afterBytes: 2 * 1024 * 1024 } });
    const bytes = await readAll(await source.openBlob(reference, layer));
    expect(digestOf(bytes)).toBe(layer.digest);
    const blobs = registry.log.filter(({ kind }) => kind === 'blob');
    expect(blobs.map(({ status, headers }) => [status, 'range' in headers])).toEqual([
      [200, false],
      [401, true],
      [206, true],
    ]);
    expect(count(started, 'token')).toBe(2);
  });

  test('a password that ends in the middle of a pull is looked up again', async () => {
    let password = 'first';
    const auth = { kind: 'basic', username: 'me', password: 'second' } as const;
    const credentials = {
      find: async () => ({ kind: 'basic', username: 'me', password, source: 'helper' }) as const,
    };
    const { source, reference, manifest } = await start({ auth, source: { credentials } });
    await expect(source.resolve(reference)).rejects.toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    password = 'second';
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
  });

  test('a token is renewed with the login of that time', async () => {
    let password = user.password;
    const find = async () => ({ kind: 'basic', username: 'me', password, source: 'the helper' }) as const;
    const { source, reference, registry } = await start({
      auth: { kind: 'bearer', user },
      source: { credentials: { find } },
    });
    await source.resolve(reference);
    password = 'expired';
    registry.revokeTokens();
    const error: unknown = await source.resolve(reference).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED' });
    for (const text of [registry.host, 'the helper'])
      expect(error).toHaveProperty('message', expect.stringContaining(text));
  });

  test('repositories may have logins of their own', async () => {
    const asked: (string | undefined)[] = [];
    const credentials = {
      find: async (_: string, repository?: string) => {
        asked.push(repository);
        return repository === 'app' ? ({ ...basic, source: 'test' } as const) : undefined;
      },
    };
    const { source, reference, manifest } = await start({
      auth: { kind: 'basic', ...user },
      source: { credentials },
    });
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
    await expect(source.resolve({ ...reference, repository: 'other' })).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    });
    expect(new Set(asked)).toEqual(new Set(['app', 'other']));
  });

  test('an unreadable login is an error only where a login is needed', async () => {
    const broken = new DrayError('CREDENTIALS_INVALID', 'cannot get credentials');
    const source = { credentials: { find: () => Promise.reject(broken) } };
    const free = await start({ source });
    await expect(free.source.resolve(free.reference)).resolves.toEqual(free.manifest);
    await expect(free.source.resolve({ ...free.reference, tag: 'gone' })).rejects.toMatchObject({
      code: 'REGISTRY_NOT_FOUND',
    });
    await free.close();
    const closed = await start({ source, auth: { kind: 'bearer' } });
    await expect(closed.source.resolve(closed.reference)).rejects.toBe(broken);
  });

  test('a second 401 is final', async () => {
    const started = await start({ auth: { kind: 'bearer' } });
    started.registry.inject({
      kind: 'manifest',
      effect: {
        kind: 'status',
        status: 401,
        headers: { 'www-authenticate': `Bearer realm="http://${started.registry.host}/token"` },
      },
    });
    await expect(started.source.resolve(started.reference)).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
    });
    expect(count(started, 'manifest')).toBe(2);
  });

  test.each([
    [
      'names the credentials that were refused',
      { credential: { ...basic, password: 'wrong' } },
      'auths["test"] in config.json',
    ],
    ['says that there were none', {}, 'no credentials'],
  ])('a refusal %s', async (_, options, text) => {
    for (const auth of [{ kind: 'bearer', user } as const, { kind: 'basic', ...user } as const]) {
      const { source, reference, close } = await startFixture({ auth, ...options });
      const error: unknown = await source.resolve(reference).catch((caught: unknown) => caught);
      await close();
      expect(error).toMatchObject({ code: 'REGISTRY_UNAUTHORIZED', status: 401 });
      expect(error).toHaveProperty('message', expect.stringContaining(text));
    }
  });

  test('a token service that is missing says nothing about the image', async () => {
    const { source, reference, registry } = await start({ auth: { kind: 'bearer' } });
    registry.inject({ kind: 'token', effect: { kind: 'status', status: 404 } });
    await expect(source.resolve(reference)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
  });

  test('a token service that is busy is asked again', async () => {
    const { source, reference, manifest, registry, clock } = await start({ auth: { kind: 'bearer' } });
    registry.inject({
      kind: 'token',
      times: 1,
      effect: { kind: 'status', status: 429, headers: { 'retry-after': '1' } },
    });
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
    expect(clock.pauses).toEqual([1000]);
  });

  test.each(['', '{}', '{"token": 5}', '{"token": "line\\nbreak"}', '[]'])(
    'a token answer of %j is refused',
    async (body) => {
      const { source, reference, registry } = await start({ auth: { kind: 'bearer' } });
      registry.inject({ kind: 'token', effect: { kind: 'status', status: 200, body } });
      await expect(source.resolve(reference)).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
    },
  );

  test('credentials do not follow a redirect to another origin, nor come back with one', async () => {
    const { source, reference, layer, registry } = await start({
      auth: { kind: 'basic', ...user },
      credential: basic,
    });
    registry.inject({ kind: 'blob', effect: { kind: 'redirect', to: 'storage' } });
    registry.inject({ kind: 'storage', times: 1, effect: { kind: 'redirect', to: 'self' } });
    const bytes = await readAll(await source.openBlob(reference, layer));
    expect(digestOf(bytes)).toBe(layer.digest);
    const seen = registry.log
      .slice(1)
      .map(({ origin, kind, headers }) => [origin, kind, headers['authorization'] !== undefined]);
    expect(seen).toEqual([
      ['registry', 'blob', true],
      ['storage', 'storage', false],
      ['registry', 'storage', false],
    ]);
  });

  test('credentials stay with a redirect within the registry', async () => {
    const { source, reference, layer, registry } = await start({
      auth: { kind: 'basic', ...user },
      credential: basic,
    });
    registry.inject({ kind: 'blob', effect: { kind: 'redirect', to: 'self', status: 302 } });
    await readAll(await source.openBlob(reference, layer));
    expect(registry.log.at(-1)?.headers['authorization']).toBeDefined();
  });

  test('a challenge of another origin is not answered', async () => {
    const started = await start({ auth: { kind: 'basic', ...user }, credential: basic });
    const { source, reference, layer, registry } = started;
    registry.inject({ kind: 'blob', effect: { kind: 'redirect', to: 'storage' } });
    const headers = { 'www-authenticate': `Bearer realm="http://${registry.storageHost}/token"` };
    registry.inject({ kind: 'storage', effect: { kind: 'status', status: 401, headers } });
    await expect(source.openBlob(reference, layer)).rejects.toMatchObject({ code: 'REGISTRY_DENIED' });
    expect(count(started, 'token')).toBe(0);
  });

  test.each([new URL('ftp://files.test/x'), 'self'] as const)(
    'a redirect to %s that leads nowhere is refused',
    async (to) => {
      const started = await start({});
      started.registry.inject({ effect: { kind: 'redirect', to }, path: /blobs|storage/ });
      const opened = started.source.openBlob(started.reference, started.layer);
      await expect(opened).rejects.toMatchObject({ code: 'REGISTRY_PROTOCOL' });
      expect(started.registry.log.length).toBeLessThanOrEqual(12);
    },
  );

  test('no error carries a password, a token or the signature of a redirect', async () => {
    const secrets = [
      'planted-password',
      'planted-token',
      'planted-identity',
      'planted-rt',
      Buffer.from('me:planted-password').toString('base64'),
      'signature=planted',
    ];
    const echo = (entry: { headers: Readonly<Record<string, string>>; path: string; body: string }): string =>
      JSON.stringify({
        errors: [
          {
            code: 'DENIED',
            message: `you sent ${JSON.stringify(entry.headers)} to ${entry.path} with ${entry.body}`,
          },
        ],
      });
    const credentials = [
      basic,
      { kind: 'identityToken', token: 'planted-identity' },
      { kind: 'registryToken', token: 'planted-rt' },
    ] as const;
    const kinds = ['manifest', 'blob', 'token', 'storage'] as const;
    for (const credential of credentials) {
      for (const kind of kinds) {
        for (const status of [400, 401, 500]) {
          const auth = {
            kind: 'bearer',
            ...(credential.kind === 'basic' ? { user } : { identityToken: 'planted-identity' }),
          } as const;
          const { source, reference, layer, manifest, registry, close } = await startFixture({
            auth,
            credential,
            nextTokenName: () => 'planted-token',
          });
          registry.inject({ kind, effect: { kind: 'status', status, body: echo } });
          registry.inject({ kind: 'blob', effect: { kind: 'redirect', to: 'storage' } });
          const outcomes = await Promise.allSettled([
            source.resolve(reference),
            source.fetchManifest(reference, manifest),
            source.openBlob(reference, layer).then(readAll),
          ]);
          await close();
          const errors = outcomes.flatMap((outcome): readonly unknown[] =>
            outcome.status === 'rejected' ? [outcome.reason] : [],
          );
          expect(errors.length).toBeGreaterThan(0);
          const text = errors
            .map((error) => inspect(error, { depth: 20, showHidden: true, maxStringLength: null }))
            .join();
          for (const secret of secrets) expect(text).not.toContain(secret);
        }
      }
    }
  });
});
