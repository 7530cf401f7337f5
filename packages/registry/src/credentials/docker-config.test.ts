import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createDockerConfigCredentials } from './docker-config.ts';

const secret = 'hunter2-planted';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('credentials of a docker config file', () => {
  let directory = '';
  let path = '';

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drayage-config-'));
    path = join(directory, 'config.json');
  });
  afterEach(() => rm(directory, { recursive: true }));

  const find = async (config: unknown, host: string): Promise<unknown> => {
    await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
    return createDockerConfigCredentials(path).find(host);
  };

  test('a file that is not there has none', async () => {
    await expect(createDockerConfigCredentials(path).find('ghcr.io')).resolves.toBeUndefined();
  });

  test('Docker Hub is found under its old URL, and the password may hold colons', async () => {
    const key = 'https://index.docker.io/v1/';
    await expect(find({ auths: { [key]: { auth: base64('me:a:b') } } }, 'docker.io')).resolves.toEqual({
      kind: 'basic',
      username: 'me',
      password: 'a:b',
      source: `auths["${key}"] in ${path}`,
    });
  });

  test('hosts match as a whole, with their port', async () => {
    const auths = { 'r.test': { auth: base64('me:x') } };
    await expect(find({ auths }, 'r.test')).resolves.toMatchObject({ username: 'me' });
    for (const host of ['r.test:5000', 'evil-r.test', 'r.test.evil', 'r', 'sub.r.test']) {
      await expect(find({ auths }, host)).resolves.toBeUndefined();
    }
  });

  test.each([
    [
      { identitytoken: 'idt', auth: base64('<token>:') },
      { kind: 'identityToken', token: 'idt' },
    ],
    [{ registrytoken: 'rt' }, { kind: 'registryToken', token: 'rt' }],
    [
      { username: 'u', password: 'p' },
      { kind: 'basic', username: 'u', password: 'p' },
    ],
  ])('every kind of entry is understood', async (entry, expected) => {
    await expect(find({ auths: { 'r.test': entry } }, 'r.test')).resolves.toMatchObject(expected);
  });

  test('ignores an empty entry, as docker login writes it with a helper', async () => {
    await expect(find({ auths: { 'r.test': {} } }, 'r.test')).resolves.toBeUndefined();
    await expect(find({ credsStore: 'x' }, 'r.test')).resolves.toBeUndefined();
  });

  test.each([
    `{"auths": {"r.test": {"auth": "${secret}`,
    '[]',
    { auths: [] },
    { auths: { 'r.test': secret } },
    { auths: { 'r.test': { auth: `${secret}!` } } },
    { auths: { 'r.test': { auth: base64(secret) } } },
    { auths: { 'r.test': { password: [secret] } } },
  ])('a broken file is named, its content is not: case %#', async (config) => {
    const error: unknown = await find(config, 'r.test').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    expect(error).toHaveProperty('message', expect.stringContaining(path));
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(secret);
  });

  test('a broken entry of another host does no harm', async () => {
    const auths = { 'other.test': { auth: '!' }, 'r.test': { username: 'u', password: 'p' } };
    await expect(find({ auths }, 'r.test')).resolves.toMatchObject({ username: 'u' });
  });
});
