import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { resolveEngineEndpoint } from './resolve-endpoint.ts';

let home = '';

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'endpoint-'));
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

const resolve = (
  env: Readonly<Record<string, string>> = {},
  options: { host?: string | undefined; context?: string | undefined } = {},
): ReturnType<typeof resolveEngineEndpoint> => resolveEngineEndpoint({ env, homeDir: home, ...options });

async function write(path: string, content: unknown): Promise<void> {
  const file = join(home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

async function writeContext(
  name: string,
  endpoint: object,
  pems: Readonly<Record<string, string>> = {},
): Promise<void> {
  const id = createHash('sha256').update(name).digest('hex');
  await write(`.docker/contexts/meta/${id}/meta.json`, {
    Name: name,
    Metadata: {},
    Endpoints: { docker: endpoint },
  });
  for (const [file, pem] of Object.entries(pems))
    await write(`.docker/contexts/tls/${id}/docker/${file}`, pem);
}

describe('the engine to use', () => {
  test('is the default socket without any setting', async () => {
    expect(await resolve()).toEqual({
      location: 'unix:///var/run/docker.sock',
      origin: 'the default',
      address: { kind: 'unix', socketPath: '/var/run/docker.sock' },
    });
  });

  test('is chosen by host, DOCKER_HOST, DOCKER_CONTEXT and the config file, in this order', async () => {
    await writeContext('of-env', { Host: 'unix:///of-env' });
    await writeContext('of-config', { Host: 'unix:///of-config' });
    await write('.docker/config.json', { currentContext: 'of-config' });
    expect((await resolve()).location).toBe('unix:///of-config');
    const env = { DOCKER_CONTEXT: 'of-env' };
    expect((await resolve(env)).location).toBe('unix:///of-env');
    expect((await resolve({ ...env, DOCKER_HOST: 'unix:///host' })).location).toBe('unix:///host');
    const host = 'unix:///option';
    expect((await resolve({ ...env, DOCKER_HOST: 'unix:///host' }, { host })).location).toBe(host);
  });

  test('comes from an explicit context even when DOCKER_HOST is set', async () => {
    await writeContext('ci', { Host: 'tcp://ci.example:2375' });
    expect(await resolve({ DOCKER_HOST: 'unix:///host' }, { context: 'ci' })).toEqual({
      location: 'tcp://ci.example:2375',
      origin: 'context "ci"',
      address: { kind: 'tcp', host: 'ci.example', port: 2375 },
    });
  });

  test('ignores empty variables', async () => {
    const { location } = await resolve({ DOCKER_HOST: '', DOCKER_CONTEXT: '', DOCKER_TLS_VERIFY: '' });
    expect(location).toBe('unix:///var/run/docker.sock');
  });

  test('is DOCKER_HOST for the context named default', async () => {
    await write('.docker/config.json', { currentContext: 'of-config' });
    const { location } = await resolve({ DOCKER_HOST: 'unix:///host' }, { context: 'default' });
    expect(location).toBe('unix:///host');
  });

  test('is read from DOCKER_CONFIG', async () => {
    await write('elsewhere/config.json', { currentContext: 'default' });
    const id = createHash('sha256').update('x').digest('hex');
    const meta = { Endpoints: { docker: { Host: 'unix:///x' } } };
    await write(`elsewhere/contexts/meta/${id}/meta.json`, meta);
    const env = { DOCKER_CONFIG: join(home, 'elsewhere'), DOCKER_CONTEXT: 'x' };
    expect((await resolve(env)).location).toBe('unix:///x');
  });

  test('must not be named twice', async () => {
    await expect(resolve({}, { host: 'unix:///a', context: 'b' })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('an address', () => {
  test.each([
    ['tcp://docker', 'docker', 2375],
    ['tcp://docker:1234/', 'docker', 1234],
    ['docker:1234', 'docker', 1234],
    ['10.0.0.1:2375', '10.0.0.1', 2375],
    ['http://docker:80', 'docker', 80],
    ['http://docker', 'docker', 80],
    ['tcp://[::1]:2375', '::1', 2375],
  ])('%s uses no TLS', async (host, name, port) => {
    expect((await resolve({ DOCKER_HOST: host })).address).toEqual({ kind: 'tcp', host: name, port });
  });

  test('https:// uses TLS with the system roots', async () => {
    const { address } = await resolve({ DOCKER_HOST: 'https://docker' });
    expect(address).toEqual({ kind: 'tcp', host: 'docker', port: 443, tls: { verify: true } });
  });

  test.each<readonly [string, object, string?]>([
    ['ssh://builder', { host: 'builder' }],
    ['ssh://builder/', { host: 'builder' }, 'ssh://builder'],
    ['ssh://ci@10.0.0.1:2222', { user: 'ci', host: '10.0.0.1', port: 2222 }],
    ['SSH://ci@Builder', { user: 'ci', host: 'Builder' }, 'ssh://ci@Builder'],
    ['ssh://ci@[::1]:22', { user: 'ci', host: '::1', port: 22 }],
    [
      'ssh://ci@builder/run/my%20docker.sock',
      { user: 'ci', host: 'builder', socketPath: '/run/my docker.sock' },
    ],
    ['ssh://ci%40corp@builder', { user: 'ci@corp', host: 'builder' }],
  ])('%s uses ssh', async (host, address, location = host) => {
    const variables = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nonexistent' };
    expect(await resolve({ ...variables, DOCKER_HOST: host })).toEqual({
      location,
      origin: 'DOCKER_HOST',
      address: { kind: 'ssh', ...address },
    });
  });

  test('in a context may use ssh', async () => {
    await writeContext('far', { Host: 'ssh://ci@builder' });
    const { location, origin } = await resolve({ DOCKER_CONTEXT: 'far' });
    expect([location, origin]).toEqual(['ssh://ci@builder', 'context "far"']);
  });

  test.each([
    'ssh://',
    'ssh://ci@',
    'ssh://ci:secret@host',
    'ssh://ci:sec/secret@host',
    'ssh://-oProxyCommand=x',
    'ssh://-oProxyCommand=x@host',
    'ssh://%2doProxyCommand=x/a',
    'ssh://host:99999',
    'ssh://host?x',
    'ssh://host#x',
    'ssh://host/%zz',
    'ssh://host/a%0ab',
    'npipe:////./pipe/docker_engine',
    'unix://relative.sock',
    'tcp://',
    'tcp://host:99999',
    'tcp://host:2375/path',
    'tcp://user:secret@host:2375',
    'not a host',
  ])('%s is refused, naming DOCKER_HOST', async (host) => {
    const message: unknown = expect.stringContaining('DOCKER_HOST');
    const failure = resolve({ DOCKER_HOST: host });
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_CONFIG_INVALID', message });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
  });
});

describe('TLS', () => {
  const pems = { 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' };
  const host = { DOCKER_HOST: 'tcp://docker' };

  test('is verified with the files of DOCKER_CERT_PATH', async () => {
    for (const [file, pem] of Object.entries(pems)) await write(`certs/${file}`, pem);
    const env = { ...host, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: join(home, 'certs') };
    expect(await resolve(env)).toMatchObject({
      location: 'tcp://docker:2376',
      address: { port: 2376, tls: { ca: 'CA', cert: 'CERT', key: 'KEY', verify: true } },
    });
  });

  test('uses the files in the config directory when DOCKER_CERT_PATH is not set', async () => {
    await write('.docker/ca.pem', 'CA');
    const { address } = await resolve({ ...host, DOCKER_TLS_VERIFY: '1' });
    expect(address).toMatchObject({ tls: { ca: 'CA', verify: true } });
  });

  test('is not verified with DOCKER_TLS alone', async () => {
    const { address } = await resolve({ ...host, DOCKER_TLS: '1' });
    expect(address).toEqual({ kind: 'tcp', host: 'docker', port: 2376, tls: { verify: false } });
  });

  test('needs ca.pem to verify, and a key for a certificate', async () => {
    const env = { ...host, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: join(home, 'certs') };
    const missing = (file: string): object => ({
      code: 'ENGINE_CONFIG_INVALID',
      message: expect.stringContaining(join(home, 'certs', file)),
    });
    await expect(resolve(env)).rejects.toMatchObject(missing('ca.pem'));
    await write('certs/cert.pem', 'CERT');
    await expect(resolve(env)).rejects.toMatchObject(missing('key.pem'));
  });

  test('variables are ignored for a socket', async () => {
    const env = { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nonexistent' };
    expect((await resolve(env)).address.kind).toBe('unix');
  });

  test('of a context uses the context’s own files', async () => {
    await writeContext('ci', { Host: 'tcp://ci:2376', SkipTLSVerify: false }, pems);
    const { address } = await resolve({ DOCKER_TLS_VERIFY: '1' }, { context: 'ci' });
    expect(address).toMatchObject({ tls: { ca: 'CA', cert: 'CERT', key: 'KEY', verify: true } });
  });

  test('of a context is not verified when the context says so', async () => {
    await writeContext('ci', { Host: 'tcp://ci', SkipTLSVerify: true });
    expect((await resolve({}, { context: 'ci' })).address).toMatchObject({
      port: 2376,
      tls: { verify: false },
    });
  });
});

describe('a broken configuration', () => {
  test('is an error that names the missing context and where its name came from', async () => {
    const failure = resolve({ DOCKER_CONTEXT: 'gone' });
    await expect(failure).rejects.toMatchObject({ code: 'ENGINE_CONFIG_INVALID' });
    await expect(failure).rejects.toThrow(/gone.*DOCKER_CONTEXT/);
  });

  test.each([['{'], ['[]'], [{ currentContext: 7 }]])(
    'is an error that names config.json: %j',
    async (content) => {
      await write('.docker/config.json', content);
      const failure = resolve();
      await expect(failure).rejects.toMatchObject({ code: 'ENGINE_CONFIG_INVALID' });
      await expect(failure).rejects.toThrow(join(home, '.docker', 'config.json'));
    },
  );

  test.each([[{}], [{ Endpoints: { kubernetes: {} } }], [{ Endpoints: { docker: { Host: 1 } } }]])(
    'is an error that names the context: %j',
    async (meta) => {
      const id = createHash('sha256').update('x').digest('hex');
      await write(`.docker/contexts/meta/${id}/meta.json`, meta);
      const failure = resolve({ DOCKER_CONTEXT: 'x' });
      await expect(failure).rejects.toMatchObject({ code: 'ENGINE_CONFIG_INVALID' });
      await expect(failure).rejects.toThrow('"x"');
    },
  );

  test('is ignored when DOCKER_HOST is set', async () => {
    await write('.docker/config.json', '{');
    expect((await resolve({ DOCKER_HOST: 'unix:///host' })).location).toBe('unix:///host');
  });
});
