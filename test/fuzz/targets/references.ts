import fc from 'fast-check';
import {
  familiarReference,
  formatReference,
  parseReference,
  tryParseReference,
  type Reference,
} from '@drayage/core';
import { parseImageSelector } from '../../../packages/registry/src/tags/image-selector.ts';
import { claim, claimEqual, valueOf } from '../claims.ts';
import { pieced, repeated } from '../generators/text.ts';
import { modelParse, type ModelReference } from '../models/reference-grammar.ts';
import { defineTarget, type Target } from '../target.ts';

const hex = 'a'.repeat(64);
const pieces = [
  ...['a', 'b1', 'redis', 'library', 'A', 'localhost', 'docker.io', 'index.docker.io', 'ghcr.io', '10.0.0.1'],
  ...['.', '-', '--', '_', '__', '___', '/', ':', '@', '[', ']', '::1', '5000', ' ', '\n'],
  ...['latest', '1.0', `sha256:${hex}`, `sha512:${hex}${hex}`, `sha256:${hex.toUpperCase()}`, hex],
  ...['a'.repeat(120), 'a/'.repeat(60), 'https://', 'é', 'K', '', '\0'],
] as const;

/** References that mostly are valid, part by part. */
const likely = fc
  .record({
    registry: fc.constantFrom(
      '',
      'docker.io/',
      'ghcr.io/',
      'localhost/',
      'localhost:5000/',
      '[::1]:5000/',
      'Host/',
    ),
    path: fc.array(fc.stringMatching(/^[a-z0-9]{1,4}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,3}){0,2}$/), {
      minLength: 1,
      maxLength: 3,
    }),
    tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}$/)),
    digest: fc.option(fc.stringMatching(/^[a-f0-9]{64}$/)),
  })
  .map(
    ({ registry, path, tag, digest }) =>
      `${registry}${path.join('/')}${tag === null ? '' : `:${tag}`}${digest === null ? '' : `@sha256:${digest}`}`,
  );

const texts = fc.oneof(
  { arbitrary: likely, weight: 8 },
  { arbitrary: pieced(pieces, 12), weight: 11 },
  { arbitrary: repeated(pieces), weight: 1 },
);

function plain({ registry, repository, tag, digest }: Reference): ModelReference {
  return { registry, repository, tag, digest };
}

const grammar = defineTarget('reference-grammar', texts, (text) => {
  const parsed = valueOf(['REFERENCE_INVALID'], () => parseReference(text));
  claimEqual(parsed === undefined ? undefined : plain(parsed), modelParse(text), 'it differs from Docker');
  claimEqual(tryParseReference(text), parsed, 'tryParseReference differs');
});

const printing = defineTarget('reference-printing', texts, (text) => {
  const parsed = tryParseReference(text);
  if (parsed === undefined) return;
  claimEqual(plain(parseReference(formatReference(parsed))), plain(parsed), 'the full form is another image');
  claimEqual(
    plain(parseReference(familiarReference(parsed))),
    plain(parsed),
    'the short form is another image',
  );
  claimEqual(formatReference(parseReference(formatReference(parsed))), formatReference(parsed), 'not stable');
});

const rangePieces = [
  '^',
  '~',
  '>=',
  '<',
  '=',
  '||',
  ' ',
  '*',
  'x',
  '.',
  '1',
  '16',
  '22.04',
  '-',
  'alpine',
  'v',
  'redis:',
];

const selectors = defineTarget(
  'image-selectors',
  fc.oneof(
    texts,
    pieced(rangePieces, 16).map((range) => `redis:${range}`),
    repeated(rangePieces),
  ),
  (text) => {
    const selector = valueOf(['REFERENCE_INVALID'], () => parseImageSelector(text));
    if (selector?.kind === 'reference')
      claimEqual(selector.reference, parseReference(text), 'it is another image');
    if (selector?.kind !== 'range') return;
    const { range, repository } = selector;
    claim(tryParseReference(text) === undefined, 'a range that is a plain reference too');
    claimEqual(
      parseImageSelector(`${repository.registry}/${repository.repository}:${range.text}`),
      selector,
      'not stable',
    );
  },
);

export const referenceTargets: readonly Target[] = [grammar, printing, selectors];
