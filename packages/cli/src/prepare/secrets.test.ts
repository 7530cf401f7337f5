import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { commandSecrets, knownSecrets } from './secrets.ts';

describe('what must not be printed', () => {
  let home: TemporaryDirectory;

  beforeEach(async () => {
    home = await temporaryDirectory();
  });

  afterEach(() => home.remove());

  async function secretsOf(env: Record<string, string>): Promise<readonly string[]> {
    return [...(await knownSecrets({ env, homeDir: home.path }))];
  }

  test.each(['GITHUB_TOKEN', 'CI_REGISTRY_PASSWORD', 'client_secret', 'AWS_SECRET_ACCESS_KEY', 'NPM_AUTH'])(
    'is the value of %s',
    async (name) => {
      expect(await secretsOf({ [name]: 'geheim', OTHER: 'harmless' })).toEqual(['geheim']);
    },
  );

  test('is not a common word', async () => {
    expect(await secretsOf({ USE_TOKEN: 'true', API_KEY: 'abc', X_AUTH: 'none' })).toEqual([]);
  });

  test('is every line of a key', async () => {
    const secrets = await secretsOf({ DEPLOY_KEY: '-----BEGIN KEY-----\nabcdef\n-----END KEY-----\n' });
    expect(secrets).toEqual(expect.arrayContaining(['abcdef', '-----BEGIN KEY-----']));
  });

  test('is the password of a URL, as written and as meant', async () => {
    const secrets = await secretsOf({ HTTPS_PROXY: 'http://me:p%40ss@proxy:3128' });
    expect(secrets).toEqual(expect.arrayContaining(['p%40ss', 'p@ss']));
  });

  test('is what the docker client keeps', async () => {
    const auth = Buffer.from('me:geheim').toString('base64');
    await mkdir(join(home.path, '.docker'));
    await writeFile(
      join(home.path, '.docker', 'config.json'),
      JSON.stringify({ auths: { a: { auth }, b: { identitytoken: 'identity' } } }),
    );
    expect(await secretsOf({})).toEqual(expect.arrayContaining([auth, 'geheim', 'identity']));
    const other = Buffer.from('me:other').toString('base64');
    const inEnv = await secretsOf({ DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { c: { auth: other } } }) });
    expect(inEnv).toEqual(expect.arrayContaining([other, 'other']));
  });
});

describe('the secrets in a command', () => {
  test.each([
    ['docker login -u me -p geheim host', ['geheim']],
    ["docker login --password='ge heim' host", ['ge heim']],
    ['tool --token geheim --verbose', ['geheim']],
    ['docker login -p "$PASSWORD" host', []],
    ['docker login --password-stdin host', []],
    ['mkdir -p directory', []],
  ])('of %j are %j', (run, expected) => {
    expect(commandSecrets(run)).toEqual(expected);
  });
});
