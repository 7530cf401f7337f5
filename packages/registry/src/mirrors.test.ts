import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { parseMirror, parseMirrors } from './mirrors.ts';
import { mirrorEndpoint } from './endpoints.ts';

describe('the setting of a mirror', () => {
  test.each([
    ['docker.io=https://mirror.example', 'docker.io', 'https://mirror.example'],
    ['index.docker.io = https://mirror.example/', 'docker.io', 'https://mirror.example'],
    ['ghcr.io=http://127.0.0.1:5000/a/prefix/', 'ghcr.io', 'http://127.0.0.1:5000/a/prefix'],
    ['r.test:5000=mirror.example', 'r.test:5000', 'https://mirror.example'],
    [
      'docker.io=https://gitlab.example/group/dependency_proxy/containers',
      'docker.io',
      'https://gitlab.example/group/dependency_proxy/containers',
    ],
  ])('%s', (text, registry, url) => {
    expect(parseMirror(text)).toEqual({ registry, url });
  });

  test.each([
    'https://mirror.example',
    '=https://mirror.example',
    'docker.io',
    'docker.io=',
    'docker.io=ftp://mirror.example',
    'docker.io=https://mirror.example?token=planted',
    'docker.io=https://me:planted@mirror.example',
    'docker.io=https://mirror.example/UPPER',
    'docker.io/library=https://mirror.example',
  ])('%s is invalid, and the error shows no secret', (text) => {
    let error: unknown;
    try {
      parseMirror(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('planted');
  });

  test('several of one registry keep their order', () => {
    expect(
      parseMirrors(['docker.io=https://b.example', 'ghcr.io=c.example', 'docker.io=https://a.example']),
    ).toEqual({
      'docker.io': ['https://b.example', 'https://a.example'],
      'ghcr.io': ['https://c.example'],
    });
  });
});

describe('the name of a repository in a mirror', () => {
  const named = (prefix: string, repository: string): string =>
    mirrorEndpoint({ url: new URL('https://mirror.example'), prefix }, repository, []).repository;

  test.each([
    ['', 'library/redis', 'library/redis'],
    ['proxy-hub', 'library/redis', 'proxy-hub/library/redis'],
    ['group/dependency_proxy/containers', 'library/redis', 'group/dependency_proxy/containers/redis'],
    ['group/dependency_proxy/containers', 'org/app', 'group/dependency_proxy/containers/org/app'],
    [
      'group/dependency_proxy/containers',
      'library-of/app',
      'group/dependency_proxy/containers/library-of/app',
    ],
  ])('%j and %s are %s', (prefix, repository, name) => {
    expect(named(prefix, repository)).toBe(name);
  });
});
