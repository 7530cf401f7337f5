import { describe, expect, test } from '@jest/globals';
import { parseChallenges } from './challenge.ts';
import { randomBytes } from './testing/content.ts';

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

  test('any challenges come back as they were written', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const expected = randomChallenges(seed);
      const header = expected
        .map(([scheme, parameters]) => {
          const list = Object.entries(parameters).map(([k, v]) => `${k}="${v.replace(/["\\]/g, '\\$&')}"`);
          return `${scheme} ${list.join(seed % 2 === 0 ? ', ' : ',')}`;
        })
        .join(', ');
      expect(plain(header)).toEqual(expected);
    }
  });

  test('any text at all is read without an error', () => {
    const alphabet = 'ab ",=\\\t:;/Bearer';
    for (let seed = 1; seed <= 500; seed += 1) {
      const text = Array.from(randomBytes(seed, 40), (byte) => alphabet[byte % alphabet.length]).join('');
      expect(() => parseChallenges(text)).not.toThrow();
    }
  });

  test('a hostile header takes time in proportion to its length', () => {
    const length = 400_000;
    const started = performance.now();
    parseChallenges(`Basic ${'a='.repeat(length)}`);
    parseChallenges(`Basic realm="${'\\'.repeat(2 * length + 1)}`);
    parseChallenges('a '.repeat(length));
    // A second or so. By the square of the length it would be many minutes.
    expect(performance.now() - started).toBeLessThan(60_000);
  });
});

function randomChallenges(seed: number): readonly (readonly [string, Record<string, string>])[] {
  const bytes = [...randomBytes(seed, 64)];
  const next = (below: number): number => (bytes.pop() ?? 0) % below;
  const text = (): string => Array.from({ length: next(6) }, () => 'a"\\, =:/'[next(8)]).join('');
  return Array.from({ length: 1 + next(3) }, (_, index) => {
    const parameters = Array.from({ length: 1 + next(3) }, (__, n): [string, string] => [
      `p${String(n)}`,
      text(),
    ]);
    return [`scheme${String(index)}`, Object.fromEntries(parameters)] as const;
  });
}
