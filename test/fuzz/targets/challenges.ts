import fc from 'fast-check';
import { parseChallenges } from '../../../packages/registry/src/challenge.ts';
import { nextLink } from '../../../packages/registry/src/link-header.ts';
import { claim, claimEqual } from '../claims.ts';
import { pieced, repeated } from '../generators/text.ts';
import { readChallenges, writeChallenges } from '../models/challenges.ts';
import { defineTarget, type Target } from '../target.ts';

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}$/);
const parameters = fc.record({
  name: fc.oneof(token, fc.constantFrom('realm', 'service', 'scope', 'Realm')),
  value: fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom('https://auth.example/token', 'repository:a/b:pull,push', 'a"b\\c', '', '\\'),
  ),
  isBare: fc.boolean(),
});
const challenges = fc.array(
  fc.record({
    scheme: fc.oneof(token, fc.constantFrom('Bearer', 'basic', 'Negotiate')),
    parameters: fc.array(parameters, { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 3 },
);

const written = defineTarget(
  'challenges-written',
  fc.record({ challenges, separator: fc.constantFrom(',', ', ', ' , ', ',\t', ', ,') }),
  ({ challenges: expected, separator }) => {
    const read = parseChallenges(writeChallenges(expected, separator)).map(
      ({ scheme, parameters: found }) => [scheme, Object.fromEntries(found)],
    );
    claimEqual(read, readChallenges(expected), 'other challenges were read');
  },
);

const pieces = [
  ...['Bearer', 'Basic', 'Negotiate', ' ', '  ', ',', '=', '"', '\\', '\\"', 'realm', 'realm=', 'realm="x"'],
  ...['a=', 'a=b', 'TlRM==', '\t', ';', ':', '/', '\r\n', 'a', '{', '\u00e9', '\0'],
] as const;
const texts = fc.oneof({ arbitrary: pieced(pieces), weight: 19 }, { arbitrary: repeated(pieces), weight: 1 });

const hostile = defineTarget(
  'challenges',
  fc.oneof(texts, fc.array(texts, { maxLength: 3 }), fc.constant(undefined)),
  (header) => {
    const length = [header ?? []].flat().join('').length;
    const found = parseChallenges(header);
    let characters = 0;
    for (const { scheme, parameters: read } of found) {
      claim(scheme === scheme.toLowerCase() && scheme !== '', 'a scheme is not in lower case');
      characters += scheme.length;
      for (const [name, value] of read) {
        claim(name === name.toLowerCase() && name !== '', 'a name is not in lower case');
        characters += name.length + value.length;
      }
    }
    claim(characters <= length, 'more was read than is there');
  },
);

const linkPieces = [
  '<',
  '>',
  ';',
  'rel',
  '=',
  '"',
  'next',
  'rel="next"',
  ' ',
  ',',
  '/v2/a/tags/list?last=b',
  'prev',
  '*',
];

const links = defineTarget(
  'link-headers',
  fc.oneof({ arbitrary: pieced(linkPieces), weight: 19 }, { arbitrary: repeated(linkPieces), weight: 1 }),
  (header) => {
    const target = nextLink(header);
    if (target !== undefined) claim(header.includes(`<${target}>`), 'the target is not in the header');
  },
);

export const challengeTargets: readonly Target[] = [written, hostile, links];
