import { describe, expect, test } from '@jest/globals';
import { registryAuthOf } from './registry-auth.ts';

describe('the credential that an engine gets for a pull', () => {
  test.each([
    [
      { kind: 'basic', username: 'u', password: 'p', source: 's' },
      'docker.io',
      { username: 'u', password: 'p', serveraddress: 'https://index.docker.io/v1/' },
    ],
    [
      { kind: 'identityToken', token: 't', source: 's' },
      'r.test:5000',
      { identitytoken: 't', serveraddress: 'r.test:5000' },
    ],
    [{ kind: 'registryToken', token: 't', source: 's' }, 'r.test', undefined],
    [undefined, 'r.test', undefined],
  ] as const)('case %#', (credential, host, expected) => {
    expect(registryAuthOf(credential, host)).toEqual(expected);
  });
});
