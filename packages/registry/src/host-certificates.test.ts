import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseReference } from '@drayage/core';
import { readExtraCertificates } from '@drayage/http';
import { createTestCertificate, startConnectProxy } from '@drayage/http/testing';
import { startFixture, type Fixture, type FixtureOptions } from './testing/fixture.ts';

const reference = parseReference('registry.test:5000/app:1');

describe('the certificates of a registry', () => {
  let tls = { key: '', cert: '' };
  let client = { key: '', cert: '' };
  let certsDir = '';
  const open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    [tls, client] = await Promise.all([createTestCertificate(), createTestCertificate()]);
  });
  beforeEach(async () => {
    certsDir = await mkdtemp(join(tmpdir(), 'drayage-certs-'));
  });
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
    await rm(certsDir, { recursive: true });
  });

  const put = async (host: string, files: Readonly<Record<string, string>>): Promise<void> => {
    await mkdir(join(certsDir, host), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(certsDir, host, name), text);
  };
  // A proxy gives names to servers on loopback, which is not asked for certificates.
  const start = async (options: FixtureOptions = {}): Promise<Fixture> => {
    const routes: Record<string, string> = {};
    const proxy = await startConnectProxy({ routes });
    open.push(proxy);
    const source = { certsDir, proxy: { httpsProxy: proxy.host }, ...options.source };
    const fixture = await startFixture({ tls, ...options, source });
    open.push(fixture);
    routes['registry.test:5000'] = fixture.registry.host;
    routes['registry.test:443'] = fixture.registry.host;
    return fixture;
  };

  test('name the CA certificates to trust for it', async () => {
    await put('registry.test:5000', { 'ca.crt': tls.cert });
    const { source, manifest } = await start();
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
  });

  test('do not count for others, not even for the same host at another port', async () => {
    await put('registry.test', { 'ca.crt': tls.cert });
    await put('other.test:5000', { 'ca.crt': tls.cert });
    const { source } = await start();
    await expect(source.resolve(reference)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
  });

  test('count for its token service too', async () => {
    await put('registry.test:5000', { 'ca.crt': tls.cert });
    const { source, manifest } = await start({
      auth: { kind: 'bearer', realm: 'https://registry.test/token' },
    });
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
  });

  test('may be what we show to it', async () => {
    await put('registry.test:5000', { 'ca.crt': tls.cert });
    const refused = await start({ clientCa: client.cert });
    await expect(refused.source.resolve(reference)).rejects.toMatchObject({ code: 'REGISTRY_UNREACHABLE' });
    await put('registry.test:5000', { 'me.cert': client.cert, 'me.key': client.key });
    const { source, manifest } = await start({ clientCa: client.cert });
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
  });

  test.each([
    ['me.cert', { 'me.cert': '' }],
    ['me.key', { 'me.key': '' }],
    ['ca.crt', { 'ca.crt': 'nothing' }],
  ])('that cannot be used are named: %s', async (name, files) => {
    await put('registry.test:5000', files);
    const { source } = await start();
    const error: unknown = await source.resolve(reference).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error).toHaveProperty(
      'message',
      expect.stringContaining(join(certsDir, 'registry.test:5000', name)),
    );
  });

  test('of NODE_EXTRA_CA_CERTS can be trusted beside a custom CA', async () => {
    const path = join(certsDir, 'extra.pem');
    await writeFile(path, tls.cert);
    const extra = await readExtraCertificates({ NODE_EXTRA_CA_CERTS: path });
    const { source, manifest } = await start({ source: { ca: [client.cert, extra].join('\n') } });
    await expect(source.resolve(reference)).resolves.toEqual(manifest);
    await expect(readExtraCertificates({})).resolves.toBeUndefined();
    await expect(readExtraCertificates({ NODE_EXTRA_CA_CERTS: '/nowhere' })).resolves.toBeUndefined();
  });
});
