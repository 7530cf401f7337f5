import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { discoverImages, discoverProject } from './discover-images.ts';
import type { DiscoverOptions, Discovery } from './discovery.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

async function write(name: string, lines: readonly string[]): Promise<string> {
  const file = path.join(directory.path, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

async function discover(
  name: string,
  lines: readonly string[],
  options: Partial<DiscoverOptions> = {},
): Promise<Discovery> {
  return await discoverImages(await write(name, lines), { env: {}, ...options });
}

test('an inline Dockerfile in quotes has the line of its text', async () => {
  const { images, problems } = await discover('compose.yaml', [
    'services:',
    '  a: {build: {dockerfile_inline: "FROM alpine:3\\nFROM debian:12\\nNONSENSE x\\n"}}',
  ]);
  expect(images.map(({ text, line }) => [text, line])).toEqual([['debian:12', 2]]);
  expect(problems.map(({ line }) => line)).toEqual([2]);
});

const texts = ({ images }: Discovery): readonly string[] => images.map(({ text }) => text);

describe('an image that the project builds is not asked of a registry', () => {
  test('as the base of another service, by argument, COPY --from, RUN --mount and context', async () => {
    const found = await discover('compose.yaml', [
      'services:',
      '  web:',
      '    image: acme/web-local',
      "    build: {context: ., dockerfile_inline: 'FROM alpine:3.20', tags: [acme/web-tag:1]}",
      '  cron:',
      '    image: acme/cron-local',
      '    build:',
      '      context: .',
      '      args: {BASE_IMAGE: docker.io/acme/web-local:latest}',
      '      additional_contexts: {lib: "docker-image://acme/web-local", base: "service:web"}',
      '      dockerfile_inline: |',
      '        ARG BASE_IMAGE',
      '        FROM $${BASE_IMAGE}',
      '        COPY --from=acme/web-local /etc /x',
      '        COPY --from=acme/web-tag:1 /etc /x',
      '        COPY --from=lib /etc /x',
      '        COPY --from=base /etc /x',
      '        RUN --mount=from=acme/web-local,target=/x true',
      '  user: {image: acme/web-tag:1}',
    ]);
    expect(texts(found)).toEqual(['alpine:3.20']);
    expect(found.problems).toEqual([]);
  });

  test('also under the name that compose gives to a service without image', async () => {
    const found = await discover(
      'compose.yaml',
      [
        'name: ${PROJECT}',
        'services:',
        "  base: {build: {dockerfile_inline: 'FROM alpine:3.20'}, profiles: [build]}",
        '  app: {image: shop-base}',
      ],
      { env: { PROJECT: 'shop' } },
    );
    expect(texts(found)).toEqual([]);
    const inDirectory = await discover('My.Shop/compose.yaml', [
      'services:',
      "  base: {build: {dockerfile_inline: 'FROM alpine:3.20'}}",
      '  app: {image: myshop-base}',
    ]);
    expect(texts(inDirectory)).toEqual(['alpine:3.20']);
  });

  test('also when another file of the same run builds it', async () => {
    const compose = await write('compose.yaml', [
      'services:',
      '  base: {image: "acme/base:dev", build: {dockerfile_inline: "FROM alpine:3.20"}}',
    ]);
    const dockerfile = await write('app/Dockerfile', ['FROM acme/base:dev', 'COPY --from=redis:7 / /']);
    const pod = await write('pod.yaml', [
      'apiVersion: v1',
      'kind: Pod',
      'spec: {containers: [{image: "acme/base:dev"}, {image: "acme/base:1"}]}',
    ]);
    const sources = [dockerfile, pod, compose].map((file) => ({ path: file }));
    const found = await discoverProject(sources, { env: {} });
    expect(texts(found)).toEqual(['redis:7', 'acme/base:1', 'alpine:3.20']);
  });

  test('but a pull policy that asks for a pull makes it optional', async () => {
    const found = await discover('compose.yaml', [
      'services:',
      '  a: {image: "acme/a:1", build: {dockerfile_inline: "FROM scratch"}, pull_policy: missing}',
      '  b: {image: "acme/a:1", pull_policy: always}',
      '  c: {image: "acme/c:1", pull_policy: always}',
      '  d: {image: "acme/d:1", pull_policy: build}',
      '  e: {image: "acme/e:1", pull_policy: never}',
    ]);
    expect(found.images.map(({ text, isOptional }) => [text, isOptional])).toEqual([
      ['acme/a:1', true],
      ['acme/a:1', true],
      ['acme/c:1', undefined],
    ]);
  });
});

describe('stages of a Dockerfile', () => {
  test('a stage that the last one does not need is left out, with all that only it needs', async () => {
    const found = await discover('Dockerfile', [
      'FROM node:22 AS build',
      'FROM build AS dev',
      'COPY --from=acme/dev-tools / /',
      'FROM acme/other:1 AS other',
      'COPY --from=$NOT_ALLOWED / /',
      'FROM nginx:1',
      'COPY --from=0 /a /b',
      'COPY --from=docker:cli /a /b',
    ]);
    expect(texts(found)).toEqual(['node:22', 'nginx:1', 'docker:cli']);
    expect(found.problems).toEqual([]);
  });

  test('names are compared without case, and the nearest stage of a name wins', async () => {
    const found = await discover('Dockerfile', [
      'FROM alpine:1 AS Base',
      'FROM alpine:2 AS base',
      'FROM BASE AS final',
    ]);
    expect(texts(found)).toEqual(['alpine:2']);
  });

  test('a stage may have the name of the image that it starts from', async () => {
    expect(texts(await discover('Dockerfile', ['FROM redis AS redis', 'FROM redis']))).toEqual(['redis']);
  });

  test('ONBUILD runs in the stage above, once', async () => {
    const found = await discover('Dockerfile', [
      'FROM acme/unneeded:1 AS unneeded',
      'FROM acme/tools:1 AS tools',
      'FROM node:22 AS base',
      'ONBUILD COPY --from=tools /a /b',
      'ONBUILD COPY --from=acme/more:1 /a /b',
      'FROM base AS app',
      'FROM app',
    ]);
    expect(texts(found)).toEqual(['acme/tools:1', 'node:22', 'acme/more:1']);
  });
});

describe('FROM lines', () => {
  test.each<readonly [string, readonly string[], readonly string[]]>([
    ['scratch', ['FROM scratch', 'COPY --from=busybox:1 / /'], ['busybox:1']],
    ['a default', ['FROM ${X:-alpine:3.20}'], ['alpine:3.20']],
    ['an alternative of a set argument', ['ARG X=1', 'FROM acme/${X:+y}'], ['acme/y']],
    ['an alternative of an unset argument', ['ARG X', 'FROM acme/z${X:+y}'], ['acme/z']],
    ['an ARG between stages does not count', ['FROM a:1', 'ARG T=2', 'FROM b:${T:-3}'], ['b:3']],
    ['an ARG that uses another', ['ARG A=1', 'ARG B=$A.2', 'FROM x:$B'], ['x:1.2']],
    ['several in one ARG', ['ARG A=1 B=2', 'FROM x:$A$B'], ['x:12']],
    ['tag and digest', [`FROM x:1@sha256:${'a'.repeat(64)}`], [`x:1@sha256:${'a'.repeat(64)}`]],
    ['a registry with a port', ['FROM localhost:5000/x'], ['localhost:5000/x']],
    ['a backtick as escape', ['# escape=`', 'FROM `', 'x:1', 'RUN a `', 'FROM y'], ['x:1']],
    ['comments in a continued line', ['FROM \\', '# comment', '  x:1'], ['x:1']],
    ['heredocs', ['FROM x:1', 'RUN <<A <<-B', 'FROM no', 'A', 'FROM no', '\tB', 'FROM y:1'], ['y:1']],
    ['a heredoc with a quoted end', ['FROM x:1', "COPY <<'E' /f", 'FROM no', 'E', 'USER x'], ['x:1']],
    ['a syntax line', ['# syntax=docker/dockerfile:1', 'FROM x:1'], ['x:1']],
    ['the target platform', ['ARG TARGETARCH', 'FROM x:$TARGETARCH-$BUILDARCH'], ['x:s390x-s390x']],
    ['the target stage', ['FROM x:$TARGETSTAGE'], ['x:default']],
  ])('%s', async (_, lines, expected) => {
    const found = await discover('Dockerfile', lines, { platform: 'linux/s390x' });
    expect(texts(found)).toEqual(expected);
  });

  test('upper case is refused, as Docker refuses it', async () => {
    const found = await discover('Dockerfile', ['FROM Alpine:3']);
    expect(found).toMatchObject({ images: [], problems: [{ severity: 'error', line: 1 }] });
    const compose = await discover('compose.yaml', ['services: {a: {image: Redis}}']);
    expect(compose).toMatchObject({ images: [], problems: [{ severity: 'error' }] });
  });

  test('build arguments of compose win over defaults, and reach only declared arguments', async () => {
    const found = await discover(
      'compose.yaml',
      [
        'services:',
        '  a:',
        '    build:',
        '      args: [TAG=2, HIDDEN=no, FROM_ENV]',
        '      dockerfile_inline: |',
        '        ARG TAG=1',
        '        ARG FROM_ENV=unset',
        '        FROM x:$$TAG-$$FROM_ENV-$${HIDDEN:-hidden}',
      ],
      { env: { FROM_ENV: 'env' } },
    );
    expect(texts(found)).toEqual(['x:2-env-hidden']);
  });
});

describe('variables of compose', () => {
  const compose = ['services: {a: {image: "x:${TAG:-none}"}}'];

  test('the environment wins over .env, later files win over earlier ones', async () => {
    const first = await write('first.env', ['TAG=first']);
    const second = await write('second.env', ['TAG=second']);
    await write('.env', ['TAG=dotenv']);
    const files = { COMPOSE_ENV_FILES: `${first},${second}` };
    expect(texts(await discover('compose.yaml', compose))).toEqual(['x:dotenv']);
    expect(texts(await discover('compose.yaml', compose, { env: { TAG: 'env' } }))).toEqual(['x:env']);
    expect(texts(await discover('compose.yaml', compose, { env: files }))).toEqual(['x:second']);
    const none = { COMPOSE_DISABLE_ENV_FILE: '1' };
    expect(texts(await discover('compose.yaml', compose, { env: none }))).toEqual(['x:none']);
  });

  test('profiles come from .env too', async () => {
    await write('.env', ['COMPOSE_PROFILES=debug']);
    const services = [
      'services:',
      '  a: {image: x}',
      '  b: {image: y, profiles: [debug]}',
      '  c: {image: z, profiles: [other]}',
    ];
    expect(texts(await discover('compose.yaml', services))).toEqual(['x', 'y']);
    expect(texts(await discover('compose.yaml', services, { profiles: ['*'] }))).toEqual(['x', 'y', 'z']);
  });
});

describe('GitLab merges extends first and resolves !reference after that', () => {
  test('a reference sees what its target extends, and replaces what the job extends', async () => {
    const found = await discover('.gitlab-ci.yml', [
      '.base: {image: "acme/base:1", services: ["acme/svc:1"]}',
      '.derived: {extends: .base}',
      'a: {image: !reference [.derived, image], script: x}',
      'b: {services: [!reference [.derived, services]], image: acme/b, script: x}',
      '.p: {variables: {A: one, B: two}}',
      '.q: {variables: {A: three}}',
      'c:',
      '  extends: .p',
      '  variables: !reference [.q, variables]',
      '  image: acme/c:$A-$B',
      '  script: x',
      'd: {extends: .r, variables: {A: four}, image: "acme/d:$A-$B", script: x}',
      '.r: {variables: !reference [.p, variables]}',
      'e: {extends: !reference [.q, variables], image: acme/e, script: x}',
    ]);
    expect(texts(found)).toEqual([
      'acme/base:1',
      'acme/b',
      'acme/svc:1',
      'acme/c:three-',
      'acme/d:four-',
      'acme/e',
    ]);
    expect(found.problems.map(({ severity, line, what }) => [severity, line, what])).toEqual([
      ['error', 14, 'job e'],
      ['warning', 10, 'job c, image'],
      ['warning', 12, 'job d, image'],
    ]);
  });
});

describe('CircleCI', () => {
  test('an executor that the caller passes is looked up in the scope of the caller', async () => {
    const found = await discover('.circleci/config.yml', [
      'version: 2.1',
      'orbs:',
      '  registry: acme/registry@1',
      '  tools:',
      '    executors:',
      '      default: {docker: [{image: "acme/orb-default:1"}]}',
      '      own: {docker: [{image: "acme/orb-own:1"}]}',
      '    jobs:',
      '      scan:',
      '        parameters: {executor: {type: executor, default: own}}',
      '        executor: << parameters.executor >>',
      'executors:',
      '  default: {docker: [{image: "acme/default:1"}]}',
      '  node: {parameters: {tag: {type: string}}, docker: [{image: "acme/node:<< parameters.tag >>"}]}',
      'workflows:',
      '  all:',
      '    jobs:',
      '      - tools/scan',
      '      - tools/scan: {name: b, executor: default}',
      '      - tools/scan: {name: c, executor: {name: node, tag: "22"}}',
      '      - tools/scan: {name: d, executor: tools/own}',
      '      - registry/test: {executor: {name: node, tag: "20"}}',
      '      - unknown/test',
    ]);
    expect(texts(found)).toEqual([
      'acme/orb-own:1',
      'acme/default:1',
      'acme/node:22',
      'acme/orb-own:1',
      'acme/node:20',
    ]);
    expect(found.problems.map(({ severity, what }) => [severity, what])).toEqual([
      ['warning', 'job registry/test'],
      ['warning', 'job unknown/test'],
    ]);
  });
});
