import { inspect } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { digestOf, parseReference, type Reference } from '@drayage/core';
import type { RegistryOptions } from './registry-access.ts';
import {
  createTestCertificate,
  startConnectProxy,
  type ConnectProxy,
  type ConnectProxyOptions,
} from '@drayage/http/testing';
import { readAll, startFixture, type Fixture, type FixtureOptions } from './testing/fixture.ts';

const reference: Reference = parseReference('registry.test/app:1');
const user = { username: 'me', password: 'planted-proxy-password' };

describe('a registry behind a proxy', () => {
  let tls = { key: '', cert: '' };
  const open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    tls = await createTestCertificate();
  });
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
  });

  const start = async (
    options: FixtureOptions,
    proxyOptions: Partial<ConnectProxyOptions> = {},
    login = '',
  ): Promise<{ fixture: Fixture; proxy: ConnectProxy }> => {
    const routes: Record<string, string> = {};
    const proxy = await startConnectProxy({ routes, ...proxyOptions });
    open.push(proxy);
    const url = `http://${login}${proxy.host}`;
    const settings = { httpProxy: url, httpsProxy: url };
    const source: Partial<RegistryOptions> = { proxy: settings, ...options.source };
    const fixture = await startFixture({ ...options, source });
    open.push(fixture);
    routes['registry.test:443'] = routes['registry.test:80'] = fixture.registry.host;
    return { fixture, proxy };
  };

  test('is pulled from through a tunnel, with its certificate verified by the registry’s name', async () => {
    const { fixture, proxy } = await start({ tls, source: { ca: tls.cert } });
    const { source, manifest, layer } = fixture;
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
    const bytes = await readAll(await source.openBlob(reference, layer));
    expect(digestOf(bytes)).toBe(layer.digest);
    expect(new Set(proxy.log)).toEqual(new Set(['CONNECT registry.test:443']));
  });

  test('is not trusted because the proxy is', async () => {
    const { fixture } = await start({ tls });
    await expect(fixture.source.resolve(reference)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      details: { reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
  });

  test('in plain HTTP is asked for by whole URLs', async () => {
    const options = { source: { insecureRegistries: ['registry.test'] } };
    const { fixture, proxy } = await start(options, {}, 'me:planted-proxy-password@');
    await expect(fixture.source.resolve(reference)).resolves.toEqual(fixture.manifest);
    expect(proxy.log).toContain('GET http://registry.test/v2/');
    expect(proxy.log).toContain('HEAD http://registry.test/v2/app/manifests/1');
  });

  test('is reached with the login of the proxy, which the registry does not see', async () => {
    const { fixture } = await start(
      { tls, source: { ca: tls.cert } },
      { user },
      'me:planted-proxy-password@',
    );
    await fixture.source.resolve(reference);
    expect(fixture.registry.log.every(({ headers }) => headers['proxy-authorization'] === undefined)).toBe(
      true,
    );
  });

  test('on loopback is asked directly', async () => {
    const { fixture, proxy } = await start({});
    await fixture.source.resolve(fixture.reference);
    expect(proxy.log).toEqual([]);
  });

  test.each([
    ['https, wrong login', { tls: true, login: 'me:planted-wrong@' }, /407/],
    ['http, wrong login', { tls: false, login: 'me:planted-wrong@' }, /407/],
  ])('of a proxy that refuses cannot be reached: %s', async (_, { tls: isTls, login }, reason) => {
    const { fixture, proxy } = await start(
      {
        ...(isTls ? { tls } : {}),
        source: { ca: tls.cert, insecureRegistries: isTls ? [] : ['registry.test'] },
      },
      { user },
      login,
    );
    const error: unknown = await fixture.source.resolve(reference).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', details: { proxyHost: proxy.host } });
    expect(error).toHaveProperty('message', expect.stringMatching(reason));
    const text = inspect(error, { depth: 20, showHidden: true });
    expect(text).not.toContain('planted');
    expect(text).not.toContain(Buffer.from('me:planted-wrong').toString('base64'));
  });

  test('of a proxy that is not there cannot be reached, and the proxy is named', async () => {
    const { fixture, proxy } = await start({ tls, source: { ca: tls.cert } }, {}, 'me:planted@');
    await proxy.close();
    const error: unknown = await fixture.source.resolve(reference).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', details: { reason: 'ECONNREFUSED' } });
    expect(error).toHaveProperty('message', expect.stringContaining(proxy.host));
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('planted');
  });

  test('that the proxy cannot reach is retried, then reported', async () => {
    const { fixture, proxy } = await start({ tls, source: { ca: tls.cert } });
    const other = parseReference('other.test/app:1');
    await expect(fixture.source.resolve(other)).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      status: 502,
    });
    expect(proxy.log.length).toBeGreaterThanOrEqual(5);
  });
});
