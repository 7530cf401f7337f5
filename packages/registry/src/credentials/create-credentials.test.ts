import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCredentials } from './create-credentials.ts';
import type { CredentialStore } from './credential-store.ts';
import type { HelperOutcome } from './run-helper.ts';

const login = (username: string): { auth: string } => ({
  auth: Buffer.from(`${username}:secret`).toString('base64'),
});

describe('the credentials of this machine', () => {
  let homeDir = '';
  beforeEach(async () => {
    homeDir = await mkdtemp(join(tmpdir(), 'drayage-home-'));
  });
  afterEach(() => rm(homeDir, { recursive: true }));

  const write = async (path: string, document: unknown): Promise<string> => {
    const file = join(homeDir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(document));
    return file;
  };
  const asked: string[] = [];
  beforeEach(() => {
    asked.length = 0;
  });
  const helper = async (program: string, server: string): Promise<HelperOutcome> => {
    asked.push(`${program} ${server}`);
    const output = JSON.stringify({ ServerURL: server, Username: program, Secret: 'secret' });
    return server === 'unknown.test'
      ? { kind: 'exited', exitCode: 1, output: 'credentials not found in native keychain\n' }
      : { kind: 'exited', exitCode: 0, output };
  };
  const credentials = (env: Record<string, string> = {}): CredentialStore =>
    createCredentials({ env, homeDir, runHelper: helper });
  const userOf = async (store: CredentialStore, host: string, repository?: string): Promise<unknown> => {
    const found = await store.find(host, repository);
    return found?.kind === 'basic' ? found.username : found;
  };

  test('are empty without a login', async () => {
    await expect(credentials().find('r.test')).resolves.toBeUndefined();
  });

  test('come from the first place that has any', async () => {
    const one = (username: string): object => ({ auths: { 'r.test': login(username) } });
    const places: [env: Record<string, string>, path: string | undefined, user: string][] = [
      [{ CI_REGISTRY: 'r.test', CI_REGISTRY_USER: 'gitlab', CI_REGISTRY_PASSWORD: 'x' }, undefined, 'gitlab'],
      [{}, '.config/containers/auth.json', 'podman-config'],
      [{ XDG_RUNTIME_DIR: join(homeDir, 'run') }, 'run/containers/auth.json', 'podman-runtime'],
      [{ REGISTRY_AUTH_FILE: join(homeDir, 'named.json') }, 'named.json', 'podman-named'],
      [{}, '.docker/config.json', 'docker'],
      [{ DOCKER_CONFIG: join(homeDir, 'elsewhere') }, 'elsewhere/config.json', 'docker-elsewhere'],
      [{ DOCKER_AUTH_CONFIG: JSON.stringify(one('variable')) }, undefined, 'variable'],
    ];
    const env: Record<string, string> = {};
    for (const [more, path, user] of places) {
      Object.assign(env, more);
      if (path !== undefined) await write(path, one(user));
      await expect(userOf(credentials(env), 'r.test')).resolves.toBe(user);
    }
  });

  test('with DOCKER_CONFIG are not looked for at home', async () => {
    await write('.docker/config.json', { auths: { 'r.test': login('home') } });
    await expect(credentials({ DOCKER_CONFIG: homeDir }).find('r.test')).resolves.toBeUndefined();
  });

  test('are asked of the helper for the host, else of the one for all hosts, else of the file', async () => {
    await write('.docker/config.json', {
      auths: { 'unknown.test': login('file'), 'off.test': login('file'), 'own.test': login('file') },
      credHelpers: { 'own.test': 'own', 'off.test': '' },
      credsStore: 'all',
    });
    const store = credentials();
    await expect(userOf(store, 'own.test')).resolves.toBe('docker-credential-own');
    await expect(userOf(store, 'other.test')).resolves.toBe('docker-credential-all');
    await expect(userOf(store, 'unknown.test')).resolves.toBe('file');
    await expect(userOf(store, 'off.test')).resolves.toBe('file');
    expect(asked).toEqual([
      'docker-credential-own own.test',
      'docker-credential-all other.test',
      'docker-credential-all unknown.test',
    ]);
  });

  test('of Docker Hub are asked for by its old URL', async () => {
    await write('.docker/config.json', { credHelpers: { 'docker.io': 'hub' } });
    await credentials().find('docker.io');
    expect(asked).toEqual(['docker-credential-hub https://index.docker.io/v1/']);
  });

  test('are asked of a helper once for many repositories', async () => {
    await write('.docker/config.json', { credsStore: 'all' });
    const store = credentials();
    await Promise.all(['a', 'b', 'c'].map((repository) => store.find('r.test', repository)));
    await store.find('r.test', 'd');
    expect(asked).toHaveLength(1);
  });

  test('can apply to a part of the registry in podman files only', async () => {
    const auths = {
      'quay.io': login('all'),
      'quay.io/org': login('org'),
      'quay.io/org/team/app': login('app'),
      'part.test/org': login('part'),
    };
    await write('.config/containers/auth.json', { auths });
    const store = credentials();
    for (const [repository, user] of [
      ['org/team/app', 'app'],
      ['org/team', 'org'],
      ['org/team/application', 'org'],
      ['organ/app', 'all'],
      [undefined, 'all'],
    ] as const) {
      await expect(userOf(store, 'quay.io', repository)).resolves.toBe(user);
    }
    await expect(store.find('part.test', 'other/app')).resolves.toBeUndefined();
    await expect(store.find('part.test')).resolves.toBeUndefined();
    await write('.docker/config.json', { auths: { 'docker.test/org': login('never') } });
    await expect(credentials().find('docker.test', 'org/app')).resolves.toBeUndefined();
  });

  test('of the dependency proxy belong to its host, with and without the default port', async () => {
    const store = credentials({
      CI_DEPENDENCY_PROXY_SERVER: 'gitlab.test:443',
      CI_DEPENDENCY_PROXY_USER: 'proxy',
      CI_DEPENDENCY_PROXY_PASSWORD: 'x',
      CI_REGISTRY: 'registry.gitlab.test',
      CI_REGISTRY_USER: 'job',
    });
    for (const host of ['gitlab.test', 'gitlab.test:443']) {
      await expect(userOf(store, host)).resolves.toBe('proxy');
    }
    for (const host of ['gitlab.test:5000', 'registry.gitlab.test', 'evil-gitlab.test']) {
      await expect(store.find(host)).resolves.toBeUndefined();
    }
  });

  test('are read again when a command has logged in', async () => {
    const store = credentials();
    await write('.docker/config.json', { auths: {} });
    await expect(store.find('r.test')).resolves.toBeUndefined();
    await write('.docker/config.json', { auths: { 'r.test': login('fresh') } });
    await expect(userOf(store, 'r.test')).resolves.toBe('fresh');
  });

  test('that cannot be read are an error that names their place', async () => {
    for (const [env, place] of [
      [{ DOCKER_AUTH_CONFIG: '{"auths": planted' }, 'DOCKER_AUTH_CONFIG'],
      [{ REGISTRY_AUTH_FILE: homeDir }, homeDir],
    ] as const) {
      const error: unknown = await credentials(env)
        .find('r.test')
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID' });
      expect(error).toHaveProperty('message', expect.stringContaining(place));
    }
  });
});
