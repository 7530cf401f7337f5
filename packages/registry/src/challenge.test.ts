import { describe, expect, test } from '@jest/globals';
import { parseChallenges } from './challenge.ts';

const plain = (header: string | readonly string[] | undefined): unknown =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('challenges', () => {
  test('of Docker Hub', () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/redis:pull"';
    expect(plain(header)).toEqual([
      [
        'bearer',
        {
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:library/redis:pull',
        },
      ],
    ]);
  });

  test('several in one header, commas and equal signs within quotes', () => {
    expect(
      plain('Negotiate, Basic realm="a, b=c", Bearer realm = "x" , scope="repository:a:pull,push"'),
    ).toEqual([
      ['negotiate', {}],
      ['basic', { realm: 'a, b=c' }],
      ['bearer', { realm: 'x', scope: 'repository:a:pull,push' }],
    ]);
  });

  test('over several headers', () => {
    expect(plain(['Basic realm="a"', 'BEARER Realm=b'])).toEqual([
      ['basic', { realm: 'a' }],
      ['bearer', { realm: 'b' }],
    ]);
  });

  test('escaped quotes are unescaped, a token68 is passed over, the first of a repeated name counts', () => {
    expect(plain('NTLM TlRMTVNTUAAC==, Basic realm="a\\"b\\\\", realm="second"')).toEqual([
      ['ntlm', {}],
      ['basic', { realm: 'a"b\\' }],
    ]);
  });

  test('values without quotes may hold what scopes and URLs hold', () => {
    expect(plain('Bearer realm=https://auth.test/token,scope=repository:a/b:pull')).toEqual([
      ['bearer', { realm: 'https://auth.test/token', scope: 'repository:a/b:pull' }],
    ]);
  });

  test.each([[undefined], [''], [' , ,'], ['"'], ['=x'], ['Basic realm="open'], [[]]])(
    'nothing useful comes of %j, and no error',
    (header) => {
      expect(() => parseChallenges(header)).not.toThrow();
    },
  );
});
