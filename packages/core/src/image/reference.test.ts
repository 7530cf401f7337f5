import { describe, expect, test } from '@jest/globals';
import { createRandom, type Random } from '../testing/random.ts';
import { rejectionCode } from '../testing/contracts/contract.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
  sameReference,
  tryParseReference,
} from './reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const hex = '0123456789abcdef'.repeat(4);

describe('a reference', () => {
  test.each([
    ['redis', 'docker.io', 'library/redis', 'latest', undefined],
    ['redis:7', 'docker.io', 'library/redis', '7', undefined],
    ['library/redis:7', 'docker.io', 'library/redis', '7', undefined],
    ['docker.io/redis:7', 'docker.io', 'library/redis', '7', undefined],
    ['index.docker.io/redis', 'docker.io', 'library/redis', 'latest', undefined],
    ['docker.io/library/redis', 'docker.io', 'library/redis', 'latest', undefined],
    ['org/app', 'docker.io', 'org/app', 'latest', undefined],
    ['index.docker.io/org/app:1', 'docker.io', 'org/app', '1', undefined],
    ['org/team/app:x', 'docker.io', 'org/team/app', 'x', undefined],
    ['ghcr.io/org/app:1.2-rc_3', 'ghcr.io', 'org/app', '1.2-rc_3', undefined],
    ['ghcr.io/app', 'ghcr.io', 'app', 'latest', undefined],
    ['localhost/app', 'localhost', 'app', 'latest', undefined],
    ['localhost:5000/app:1', 'localhost:5000', 'app', '1', undefined],
    ['registry:5000/app', 'registry:5000', 'app', 'latest', undefined],
    ['127.0.0.1:5000/a/b:c', '127.0.0.1:5000', 'a/b', 'c', undefined],
    ['[::1]:5000/app:1', '[::1]:5000', 'app', '1', undefined],
    ['[2001:db8::1]/app', '[2001:db8::1]', 'app', 'latest', undefined],
    ['Registry/app', 'Registry', 'app', 'latest', undefined],
    ['REG.example/app', 'REG.example', 'app', 'latest', undefined],
    ['a__b/c.d/e-f', 'docker.io', 'a__b/c.d/e-f', 'latest', undefined],
    ['a---b', 'docker.io', 'library/a---b', 'latest', undefined],
    [`redis@${digest}`, 'docker.io', 'library/redis', undefined, digest],
    [`redis:7@${digest}`, 'docker.io', 'library/redis', '7', digest],
    [`localhost:5000/app@${digest}`, 'localhost:5000', 'app', undefined, digest],
    [`[::1]:5000/app:1@${digest}`, '[::1]:5000', 'app', '1', digest],
    ['app:UPPER_Tag', 'docker.io', 'library/app', 'UPPER_Tag', undefined],
    ['5000:5000', 'docker.io', 'library/5000', '5000', undefined],
    [hex.slice(1), 'docker.io', `library/${hex.slice(1)}`, 'latest', undefined],
    [`${hex}:tag`.slice(1), 'docker.io', `library/${hex.slice(1)}`, 'tag', undefined],
    [`${hex}:tag`, 'docker.io', `library/${hex}`, 'tag', undefined],
    [`${hex}@${digest}`, 'docker.io', `library/${hex}`, undefined, digest],
    [`library/${hex}`, 'docker.io', `library/${hex}`, 'latest', undefined],
    [`docker.io/${hex}`, 'docker.io', `library/${hex}`, 'latest', undefined],
    [`r.test/${hex}`, 'r.test', hex, 'latest', undefined],
    [`r.test/org/${hex}:1`, 'r.test', `org/${hex}`, '1', undefined],
  ])('is read from %s', (text, registry, repository, tag, expectedDigest) => {
    expect(parseReference(text)).toEqual({
      registry,
      repository,
      tag,
      digest: expectedDigest,
    });
  });

  test.each([
    [''],
    [' '],
    [' redis'],
    ['redis '],
    ['redis\n'],
    ['Redis'],
    ['org/App'],
    ['ghcr.io/Org/app'],
    ['redis:'],
    ['redis:-1'],
    ['redis:.1'],
    ['redis:a/b:c:d'],
    [`redis:${'t'.repeat(129)}`],
    ['redis:täg'],
    ['redis@'],
    ['redis@sha256:abc'],
    [`redis@${digest.toUpperCase()}`],
    [`redis@sha512:${hex}${hex}`],
    [`redis@${digest}@${digest}`],
    ['/redis'],
    ['redis/'],
    ['a//b'],
    ['a/../b'],
    ['-a'],
    ['a-'],
    ['_a'],
    ['a___b'],
    ['a..b'],
    ['a._b'],
    ['ghcr.io'.concat('/')],
    ['-host.example/app'],
    ['host-.example/app'],
    ['host..example/app'],
    ['host.example:port/app'],
    ['host.example:/app'],
    ['[::1/app'],
    ['[zz::1]/app'],
    ['user@host/app'],
    ['https://ghcr.io/org/app'],
    ['docker://redis'],
    ['oci:redis'.concat('/x:y/z')],
    [hex],
    ['${IMAGE}'],
    ['redis;rm -rf /'],
    ['--all'],
  ])('is refused for %j', async (text) => {
    expect(await rejectionCode(Promise.resolve().then(() => parseReference(text)))).toBe('REFERENCE_INVALID');
    expect(tryParseReference(text)).toBeUndefined();
  });

  test('may have a name of at most 255 characters', () => {
    const name = (length: number): string => `ghcr.io/${'a'.repeat(length - 'ghcr.io/'.length)}`;
    expect(parseReference(`${name(255)}:tag`).repository).toHaveLength(247);
    expect(tryParseReference(name(256))).toBeUndefined();
    expect(tryParseReference('a'.repeat(256))).toBeUndefined();
  });

  test('may have a tag of 128 characters', () => {
    expect(parseReference(`a:${'t'.repeat(128)}`).tag).toHaveLength(128);
  });

  test('is quoted in the message without control characters', () => {
    expect(() => parseReference('bad\u001b[31m name')).toThrow('bad [31m name');
  });

  test.each([
    ['redis', 'docker.io/library/redis:latest', 'redis:latest', 'redis'],
    ['docker.io/org/app:1', 'docker.io/org/app:1', 'org/app:1', 'org/app'],
    [
      'docker.io/localhost/app:1',
      'docker.io/localhost/app:1',
      'docker.io/localhost/app:1',
      'docker.io/localhost/app',
    ],
    ['docker.io/library/a/b:1', 'docker.io/library/a/b:1', 'library/a/b:1', 'library/a/b'],
    [
      'ghcr.io/library/app',
      'ghcr.io/library/app:latest',
      'ghcr.io/library/app:latest',
      'ghcr.io/library/app',
    ],
    [`redis:7@${digest}`, `docker.io/library/redis:7@${digest}`, `redis:7@${digest}`, 'redis'],
    [`redis@${digest}`, `docker.io/library/redis@${digest}`, `redis@${digest}`, 'redis'],
  ])('of %s is written canonically, familiarly, and as a name', (text, canonical, familiar, name) => {
    const reference = parseReference(text);
    expect(formatReference(reference)).toBe(canonical);
    expect(familiarReference(reference)).toBe(familiar);
    expect(familiarName(reference)).toBe(name);
  });

  test('equals another spelling of it', () => {
    expect(
      sameReference(parseReference('redis'), parseReference('index.docker.io/library/redis:latest')),
    ).toBe(true);
    expect(sameReference(parseReference('redis:7'), parseReference('ghcr.io/library/redis:7'))).toBe(false);
    expect(sameReference(parseReference('redis:7'), parseReference(`redis:7@${digest}`))).toBe(false);
  });

  test('survives formatting and parsing, canonically and familiarly', () => {
    const random = createRandom(42);
    for (let round = 0; round < 2000; round += 1) {
      const text = randomReferenceText(random);
      const reference = parseReference(text);
      expect(parseReference(formatReference(reference))).toEqual(reference);
      expect(parseReference(familiarReference(reference))).toEqual(reference);
    }
  });

  test('is either parsed or refused with a DrayError, for any text', () => {
    const random = createRandom(7);
    for (let round = 0; round < 5000; round += 1) {
      const text = random.text(random.below(24), 'aZ0.-_/:@[]  #é\u0000');
      const reference = tryParseReference(text);
      if (reference !== undefined) expect(parseReference(formatReference(reference))).toEqual(reference);
    }
  });
});

function randomReferenceText(random: Random): string {
  const component = (): string =>
    Array.from({ length: 1 + random.below(3) }, () => random.text(1 + random.below(6))).join(
      random.pick(['.', '_', '__', '-', '--']),
    );
  const host = random.pick([
    '',
    '',
    'localhost/',
    'reg.example/',
    'reg:5000/',
    '[::1]:5000/',
    'docker.io/',
    'Up/',
  ]);
  const path = Array.from({ length: 1 + random.below(3) }, component).join('/');
  const tag = random.pick(['', `:${random.text(1 + random.below(20))}`, ':V1.2_x-Y']);
  const pin = random.pick(['', `@sha256:${random.text(64, '0123456789abcdef')}`]);
  return `${host}${path}${tag}${pin}`;
}
