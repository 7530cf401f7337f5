import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { parseReference, parsePlatform } from '@drayage/core';
import { discoverImages, discoveryKinds, type Discovery, type DiscoveryKind } from '@drayage/discovery';
import { parse } from 'yaml';
import { claim, claimOneLine, resolvedOf } from '../claims.ts';
import { jsonBytes, jsonOf, mutatedValues, type Json } from '../generators/json.ts';
import { mutatedLines } from '../generators/lines.ts';
import { pieced, repeated, steering } from '../generators/text.ts';
import { scratchDirectory } from '../scratch.ts';
import { defineTarget, type Target } from '../target.ts';

const fixtures = 'packages/discovery/fixtures';

/** The texts of all fixtures of a kind. */
function fixturesOf(kind: DiscoveryKind): readonly string[] {
  return readdirSync(join(fixtures, kind), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

const names: Readonly<Record<DiscoveryKind, string>> = {
  compose: 'compose/compose.yaml',
  dockerfile: 'dockerfile/Dockerfile',
  gitlab: 'gitlab/.gitlab-ci.yml',
  circleci: 'circleci/.circleci/config.yml',
  kubernetes: 'kubernetes/pods.yaml',
};

const yamlPieces = [
  ...[
    '&a ',
    '*a',
    '<<: *a',
    '<<: [*a, *a]',
    '!reference [a, b]',
    '!!binary x',
    '- ',
    '? ',
    ': ',
    '{',
    '}',
    '[',
    ']',
  ],
  ...['|', '>-', '"', "'", '#', '---', '...', '%YAML 1.1', '\t', '~', 'null', '1.10', 'yes', '\ufeff'],
];
const variables = [
  '$A',
  '${A}',
  '${A:-b}',
  '${A:?no}',
  '${A-${B:-${C}}}',
  '$$A',
  '${',
  '}',
  '$',
  '\\',
  '${A//a/b}',
  '${A%%*}',
];
const images = ['redis:7', 'Redis', 'ghcr.io/a/b@sha256:0', 'a'.repeat(300), 'x:$TAG', '', ...steering];

const pieces: Readonly<Record<DiscoveryKind, readonly string[]>> = {
  compose: [
    ...[
      'services:',
      'image: ',
      'build: ',
      'build: {context: ., target: a}',
      'extends: a',
      'extends: {file: compose.yaml, service: a}',
    ],
    ...[
      'include: [compose.yaml]',
      'profiles: [a]',
      'platform: linux/arm64',
      'dockerfile_inline: ',
      'x-a: &a',
      'pull_policy: always',
    ],
  ],
  dockerfile: [
    ...[
      'FROM ',
      'FROM a AS b',
      'FROM --platform=$BUILDPLATFORM ',
      'ARG A=',
      'ARG A=$A$A',
      'ENV A=',
      'COPY --from=',
      'COPY --from=0 a b',
    ],
    ...[
      'RUN --mount=type=bind,from=a ',
      '# syntax=docker/dockerfile:1',
      '# escape=`',
      '`',
      '\\',
      '<<EOF',
      'EOF',
      'ONBUILD ',
      ' AS ',
      '--from=',
    ],
  ],
  gitlab: [
    ...[
      'image: ',
      'services:',
      'extends: a',
      'extends: [a, b]',
      'include: .gitlab-ci.yml',
      'include: [{local: /*.yml}]',
      'variables:',
      'default:',
    ],
    ...[
      '!reference [a, image]',
      'parallel: {matrix: [{A: [x, y]}]}',
      'inputs:',
      '$[[ inputs.x ]]',
      'spec:',
      'trigger: {include: a.yml}',
      'rules: [{if: $A}]',
    ],
  ],
  circleci: [
    ...[
      'version: 2.1',
      'jobs:',
      'workflows:',
      'executors:',
      'orbs:',
      'docker: [{image: x}]',
      '- image: ',
      'executor: a',
      'parameters:',
      'matrix:',
    ],
    ...[
      '<< parameters.a >>',
      '<< pipeline.parameters.a >>',
      '<<',
      '>>',
      'default: ',
      'machine: {image: x}',
      'setup: true',
      'type: enum',
    ],
  ],
  kubernetes: [
    ...[
      'apiVersion: v1',
      'kind: Pod',
      'kind: List',
      'items:',
      'spec:',
      'containers: [{image: x}]',
      'initContainers:',
      'template:',
      '- image: ',
    ],
    ...[
      '{{ .Values.image }}',
      '{{- if .a }}',
      'kind: CronJob',
      'volumes: [{image: {reference: x}}]',
      'annotations:',
    ],
  ],
};

function targetOf(kind: DiscoveryKind): Target {
  const texts = fixturesOf(kind);
  const language = [
    ...pieces[kind],
    ...variables,
    ...images,
    '\n',
    '\n  ',
    '\n    ',
    ...(kind === 'dockerfile' ? [] : yamlPieces),
  ];
  return defineTarget(
    `discovery-${kind}`,
    fc.record({
      text: fc.oneof(
        { arbitrary: mutatedLines(texts, language), weight: 10 },
        { arbitrary: structured(kind, texts), weight: 6 },
        { arbitrary: pieced(language), weight: 4 },
        { arbitrary: repeated(language), weight: 1 },
      ),
      env: fc.dictionary(
        fc.constantFrom('A', 'B', 'TAG'),
        fc.constantFrom('', '1', '$A', 'x'.repeat(50), '\u001b[1m'),
        {
          maxKeys: 2,
        },
      ),
    }),
    async ({ text, env }) => {
      const file = join(scratchDirectory(), names[kind]);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      const found = await resolvedOf(['DISCOVERY_FAILED'], () => discoverImages(file, { env, kind }));
      if (found !== undefined) claimSound(found, text);
    },
    // The meter of a discovery lets it take some seconds.
    { cpuLimitMs: 15_000 },
  );
}

/** Documents with some of their values changed; JSON is YAML, too. */
function structured(kind: DiscoveryKind, texts: readonly string[]): fc.Arbitrary<string> {
  if (kind === 'dockerfile') return fc.constantFrom(...texts);
  const documents = texts.flatMap((text) => parsed(text));
  return mutatedValues(fc.constantFrom(...documents)).map((value) => jsonBytes(value).toString());
}

function parsed(text: string): readonly Json[] {
  try {
    return [jsonOf(parse(text, { logLevel: 'silent' }))];
  } catch {
    // Fixtures that are no YAML, or more than one document.
    return [];
  }
}

function claimSound({ images: found, problems }: Discovery, text: string): void {
  // A file may include itself, never another one here.
  const lines = text.split(/\r\n|\r|\n/).length;
  for (const { text: image, line, what, platform } of found) {
    parseReference(image);
    if (platform !== undefined) parsePlatform(platform);
    claim(line >= 1 && line <= lines, `line ${line} of ${lines}`);
    claimOneLine(what, 'the user of an image');
  }
  for (const { reason, hint, what, line } of problems) {
    for (const said of [reason, hint ?? '', what]) claimOneLine(said, 'a problem');
    claim(line === undefined || (line >= 1 && line <= lines), `line ${line} of ${lines}`);
    claim(reason !== '' && reason.length <= 501, 'a reason has no sensible length');
  }
}

const anyKind = defineTarget(
  'discovery-any-kind',
  fc.record({
    text: pieced([...Object.values(pieces).flat(), '\n', '\n  ']),
    name: fc.constantFrom('a.yml', 'a.json', 'a', 'a.Dockerfile', 'compose.yml', 'x.dockerignore'),
  }),
  async ({ text, name }) => {
    const file = join(scratchDirectory(), name);
    writeFileSync(file, text);
    const found = await resolvedOf(['DISCOVERY_FAILED'], () => discoverImages(file, { env: {} }));
    if (found !== undefined) claimSound(found, text);
  },
  { cpuLimitMs: 15_000 },
);

export const discoveryTargets: readonly Target[] = [...discoveryKinds.map(targetOf), anyKind];
