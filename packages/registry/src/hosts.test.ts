import { describe, expect, test } from '@jest/globals';
import { candidateOrigins, canonicalHost, isInsecureHost } from './hosts.ts';

const origins = (registry: string, insecure: readonly string[] = []): readonly string[] =>
  candidateOrigins(registry, insecure).map(
    ({ origin, verifiesTls }) =>
      `${origin.origin}${verifiesTls || origin.protocol === 'http:' ? '' : ' unverified'}`,
  );

describe('hosts', () => {
  test.each([
    ['docker.io', 'docker.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['https://registry-1.docker.io/v2/', 'docker.io'],
    ['https://GHCR.io/', 'ghcr.io'],
    ['http://r.test:5000/v1/', 'r.test:5000'],
    ['quay.io/org', 'quay.io/org'],
  ])('%s is %s', (text, host) => {
    expect(canonicalHost(text)).toBe(host);
  });

  test('Docker Hub answers at registry-1', () => {
    expect(origins('docker.io')).toEqual(['https://registry-1.docker.io']);
  });

  test('an ordinary registry is asked with verified TLS only', () => {
    expect(origins('ghcr.io')).toEqual(['https://ghcr.io']);
    expect(origins('127.evil.test')).toEqual(['https://127.evil.test']);
    expect(origins('localhost.evil.test')).toEqual(['https://localhost.evil.test']);
  });

  test.each(['127.0.0.1:5000', '127.9.9.9:5000', 'localhost:5000', '[::1]:5000'])(
    'loopback %s is asked in plain HTTP first',
    (host) => {
      expect(origins(host)).toEqual([`http://${host}`, `https://${host} unverified`]);
    },
  );

  test('a listed registry is asked with TLS first, and a list entry stands for itself only', () => {
    expect(origins('R.test:5000', ['r.test:5000'])).toEqual([
      'https://r.test:5000 unverified',
      'http://r.test:5000',
    ]);
    expect(origins('r.test:5000', ['r.test'])).toEqual(['https://r.test:5000']);
    expect(isInsecureHost('r.test', ['r.test'])).toBe(true);
  });
});
