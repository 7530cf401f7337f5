import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { digestOf, parseReference } from '@drayage/core';
import { createCredentials } from './credentials/create-credentials.ts';
import type { MirrorFailure } from './mirror-chain.ts';
import { proxySettings } from '@drayage/http';
import { createRegistrySource } from './registry-source.ts';
import { startConnectProxy, testClock } from '@drayage/http/testing';
import type { RequestLogEntry } from './testing/faults.ts';
import { startFaultyRegistry, type FaultyRegistry } from './testing/faulty-registry.ts';

const secret = 'planted-secret-of-this-test';
const encoded = Buffer.from(`me:${secret}`).toString('base64');
const login = { auth: encoded };

/** A refusal that quotes the whole request. */
const echo = ({ headers, path, body }: RequestLogEntry): string =>
  JSON.stringify({ errors: [{ code: 'DENIED', message: `${JSON.stringify(headers)} ${path} ${body}` }] });

describe('no secret of any source gets into an error', () => {
  let home = '';
  const open: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'drayage-planted-'));
  });
  afterEach(async () => {
    for (const each of open.splice(0).reverse()) await each.close();
    await rm(home, { recursive: true });
  });

  const write = async (path: string, text: string, mode = 0o600): Promise<string> => {
    const file = join(home, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    await chmod(file, mode);
    return file;
  };
  const writeHelper = (script: string): Promise<string> =>
    write('bin/docker-credential-planted', `#!/bin/sh\n${script}\n`, 0o755);
  const helperConfig = JSON.stringify({ credsStore: 'planted' });

  type Env = Record<string, string>;
  const sources: Readonly<Record<string, (host: string) => Promise<Env>>> = {
    DOCKER_AUTH_CONFIG: async (host) => ({
      DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: login } }),
    }),
    'a broken DOCKER_AUTH_CONFIG': async () => ({
      DOCKER_AUTH_CONFIG: `{"auths": {"x": {"auth": "${secret}`,
    }),
    'the docker config': async (host) => {
      await write('.docker/config.json', JSON.stringify({ auths: { [host]: login } }));
      return {};
    },
    'an identity token': async (host) => {
      await write('.docker/config.json', JSON.stringify({ auths: { [host]: { identitytoken: secret } } }));
      return {};
    },
    'a helper': async () => {
      await write('.docker/config.json', helperConfig);
      await writeHelper(`echo '{"Username":"me","Secret":"${secret}"}'`);
      return {};
    },
    'a helper with an identity token': async () => {
      await write('.docker/config.json', helperConfig);
      await writeHelper(`echo '{"Username":"<token>","Secret":"${secret}"}'`);
      return {};
    },
    'a helper that crashes': async () => {
      await write('.docker/config.json', helperConfig);
      await writeHelper(`echo ${secret}; echo ${secret} >&2; exit 1`);
      return {};
    },
    'a podman file': async (host) => ({
      REGISTRY_AUTH_FILE: await write('auth.json', JSON.stringify({ auths: { [`${host}/app`]: login } })),
    }),
    CI_REGISTRY_PASSWORD: async (host) => ({
      CI_REGISTRY: host,
      CI_REGISTRY_USER: 'me',
      CI_REGISTRY_PASSWORD: secret,
    }),
    CI_DEPENDENCY_PROXY_PASSWORD: async (host) => ({
      CI_DEPENDENCY_PROXY_SERVER: host,
      CI_DEPENDENCY_PROXY_USER: 'me',
      CI_DEPENDENCY_PROXY_PASSWORD: secret,
    }),
  };

  /** All that comes out of asking the registry for everything there is. */
  const outcomeOf = async (
    registry: FaultyRegistry,
    env: Env,
    name = registry.host,
    mirror?: string,
  ): Promise<string> => {
    const failures: MirrorFailure[] = [];
    const source = createRegistrySource({
      credentials: createCredentials({ env: { PATH: `${home}/bin:/usr/bin:/bin`, ...env }, homeDir: home }),
      clock: testClock(),
      proxy: proxySettings(env),
      insecureRegistries: [name],
      mirrors: mirror === undefined ? {} : { [name]: [mirror] },
      onMirrorFailure: (failure) => failures.push(failure),
    });
    open.push(source);
    const reference = parseReference(`${name}/app:1`);
    const descriptor = { mediaType: 'x', digest: digestOf('x'), size: 1 };
    const outcomes = await Promise.allSettled([
      source.resolve(reference),
      source.fetchManifest(reference, descriptor),
      source.openBlob(reference, descriptor),
      source.listTags(reference)[Symbol.asyncIterator]().next(),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    return inspect([outcomes, failures], { depth: 20, showHidden: true, maxStringLength: null });
  };
  const serve = async (kind: 'basic' | 'bearer'): Promise<FaultyRegistry> => {
    const user = { username: 'nobody', password: 'nothing' };
    const registry = await startFaultyRegistry({
      auth: kind === 'basic' ? { kind, ...user } : { kind, user },
    });
    open.push(registry);
    for (const place of ['manifest', 'blob', 'tags', 'token'] as const) {
      const effect = { kind: 'status', status: 403, body: echo } as const;
      if (kind === 'basic' || place === 'token') registry.inject({ kind: place, effect });
    }
    return registry;
  };

  describe.each(Object.keys(sources))('%s', (name) => {
    test.each(['basic', 'bearer'] as const)('at a registry with %s', async (kind) => {
      const registry = await serve(kind);
      const env = (await sources[name]?.(registry.host)) ?? {};
      const text = await outcomeOf(registry, env);
      for (const planted of [secret, encoded]) expect(text).not.toContain(planted);
    });

    test('at a mirror', async () => {
      const mirror = await serve('basic');
      const env = (await sources[name]?.(mirror.host)) ?? {};
      const text = await outcomeOf(await serve('basic'), env, undefined, `http://${mirror.host}`);
      for (const planted of [secret, encoded]) expect(text).not.toContain(planted);
    });
  });

  test('the login of a proxy, even where the proxy passes it on', async () => {
    const registry = await serve('basic');
    const proxy = await startConnectProxy({
      routes: { 'registry.test:80': registry.host },
      leaksLogin: true,
    });
    open.push(proxy);
    const url = `http://me:${secret}@${proxy.host}`;
    const text = await outcomeOf(registry, { HTTP_PROXY: url, HTTPS_PROXY: url }, 'registry.test');
    expect(registry.log.some(({ headers }) => headers['proxy-authorization'] !== undefined)).toBe(true);
    for (const planted of [secret, encoded]) expect(text).not.toContain(planted);
  });
});
