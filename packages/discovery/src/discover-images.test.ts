import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatPlatform, hostPlatform, isDrayError, type DrayError } from '@drayage/core';
import { rejectionOf, temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { discoverImages } from './discover-images.ts';
import type { DiscoverOptions, Discovery } from './discovery.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const file = path.join(directory.path, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
  return file;
}

async function discover(
  name: string,
  content: string | Uint8Array,
  options: Partial<DiscoverOptions> = {},
): Promise<Discovery> {
  return await discoverImages(await write(name, content), { env: {}, ...options });
}

async function failure(promise: Promise<unknown>): Promise<DrayError> {
  const error = await rejectionOf(promise);
  if (!isDrayError(error)) throw error;
  return error;
}

const texts = ({ images }: Discovery): readonly string[] => images.map(({ text }) => text);

describe('how a file is named', () => {
  test('a relative path stays relative, also for files that are included', async () => {
    await write('app/Dockerfile', 'FROM alpine:3.20\n');
    const file = await write(
      'ci/compose.yaml',
      'services:\n  a:\n    build: ../app\n  b:\n    image: redis:7\n',
    );
    const relative = path.relative(process.cwd(), file);
    const { images } = await discoverImages(relative, { env: {} });
    const above = path.relative(process.cwd(), directory.path);
    expect(images.map((image) => image.file)).toEqual([path.join(above, 'app/Dockerfile'), relative]);
  });

  test('a kind that is said wins over the name', async () => {
    const { images } = await discover('Dockerfile', 'services:\n  a:\n    image: redis:7\n', {
      kind: 'compose',
    });
    expect(images).toMatchObject([{ text: 'redis:7', line: 3, what: 'service a' }]);
  });

  test('the same image in two places is found twice, in one place once', async () => {
    const found = await discover('compose.yml', 'services:\n  a: &a\n    image: redis:7\n  b: *a\n');
    expect(found.images.map(({ what, line }) => [what, line])).toEqual([
      ['service a', 3],
      ['service b', 3],
    ]);
  });
});

describe('files that cannot be read', () => {
  test('an absent file, a directory and a file that is no text are errors that name them', async () => {
    const absent = path.join(directory.path, 'compose.yaml');
    const latin = await write('compose.latin.yml', Uint8Array.of(0x61, 0x3a, 0x20, 0xff, 0xfe));
    for (const file of [absent, directory.path, latin]) {
      const error = await failure(discoverImages(file, { env: {} }));
      expect(error.code).toBe('DISCOVERY_FAILED');
      expect(error.message).toContain(file);
    }
  });

  test('a named pipe does not keep us waiting', async () => {
    const pipe = path.join(directory.path, 'compose.yml');
    await promisify(execFile)('mkfifo', [pipe]);
    expect((await failure(discoverImages(pipe, { env: {} }))).code).toBe('DISCOVERY_FAILED');
  });

  test.each([
    ['a quote that stays open', 'services:\n  a:\n    image: "x\n', 4],
    ['a tab', 'services:\n\ta: 1\n', 2],
    ['an alias without an anchor', 'services:\n  a:\n    image: *x\n', 3],
    ['an alias inside itself', 'a: 1\nb: &b\n  c: *b\n', 3],
    ['endless nesting', `a: ${'['.repeat(1000)}${']'.repeat(1000)}\n`, 1],
    ['aliases that stand for millions of nodes', bomb(), 6],
  ])('%s is an error that names the line', async (_, text, line) => {
    const error = await failure(discover('compose.yaml', text));
    expect(error.code).toBe('DISCOVERY_FAILED');
    expect(error.message).toContain(`compose.yaml:${String(line)}:`);
  });

  test('an aborted discovery rejects with ABORTED', async () => {
    const promise = discover('compose.yaml', 'services: {}\n', { signal: AbortSignal.abort() });
    expect((await failure(promise)).code).toBe('ABORTED');
  });

  test('a broken file that is included is a problem of the one that includes it', async () => {
    await write('broken.yml', 'services:\n  a: "\n');
    const { images, problems } = await discover(
      'compose.yml',
      'include: [broken.yml]\nservices: {a: {image: x}}\n',
    );
    expect(images).toHaveLength(1);
    expect(problems).toMatchObject([{ line: 1, what: 'include', severity: 'error' }]);
    expect(problems[0]?.reason).toContain('broken.yml:');
  });
});

/** Every line holds the one above ten times. */
function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 10; level += 1) {
    const alias = `*a${String(level - 1)}`;
    lines.push(`a${String(level)}: &a${String(level)} [${Array(10).fill(alias).join(', ')}]`);
  }
  return lines.join('\n');
}

describe('platforms of Dockerfiles', () => {
  const cross = [
    'FROM --platform=$BUILDPLATFORM golang:1.23 AS build',
    'FROM --platform=$TARGETPLATFORM alpine:3.20',
    'FROM --platform=linux/arm64/v8 alpine:3.20',
    'FROM --platform=$TARGETOS/s390x alpine:3.20',
    'FROM acme/base:${TARGETARCH}',
    ...[0, 1, 2, 3].map((stage) => `COPY --from=${String(stage)} / /`),
  ].join('\n');
  const host = formatPlatform(hostPlatform());

  test('the build platform is ours, the target platform is left to the caller', async () => {
    const { images, problems } = await discover('Dockerfile', cross);
    expect(images.map(({ platform }) => platform)).toEqual([
      host,
      undefined,
      'linux/arm64',
      'linux/s390x',
      undefined,
    ]);
    expect(problems).toEqual([]);
  });

  test('the platform of a service is that of its build', async () => {
    await write('Dockerfile', cross);
    const found = await discover(
      'compose.yml',
      'services:\n  a:\n    build: .\n    platform: linux/arm/v6\n',
    );
    expect(found.images.map(({ platform }) => platform)).toEqual([
      host,
      'linux/arm/v6',
      'linux/arm64',
      'linux/s390x',
      'linux/arm/v6',
    ]);
    expect(texts(found)).toContain('acme/base:arm');
  });
});

describe('the repository of a GitLab pipeline', () => {
  const pipeline = 'include: /jobs.yml\nmain:\n  image: acme/main:1\n  script: x\n';
  const jobs = 'other:\n  image: acme/other:1\n  script: x\n';

  test('is the directory with .git above the file', async () => {
    await write('.git/HEAD', '');
    await write('jobs.yml', jobs);
    expect(texts(await discover('ci/deep/.gitlab-ci.yml', pipeline))).toContain('acme/other:1');
  });

  test('is what CI_PROJECT_DIR says, when the file is in there', async () => {
    await write('project/jobs.yml', jobs);
    const env = { CI_PROJECT_DIR: path.join(directory.path, 'project') };
    expect(texts(await discover('project/ci/.gitlab-ci.yml', pipeline, { env }))).toContain('acme/other:1');
    const elsewhere = await discover('elsewhere/.gitlab-ci.yml', pipeline, { env });
    expect(elsewhere.problems).toMatchObject([{ severity: 'error', what: 'include', line: 1 }]);
  });
});

describe('variables of a GitLab pipeline that reads itself in a job', () => {
  const pipeline = [
    'variables: {NODE: "20", TAG: "1"}',
    'prepull: {image: "acme/dray:1", variables: {TAG: own}, script: x}',
    'test: {image: "node:$NODE", script: x}',
    'tagged: {image: "acme/app:$TAG", script: x}',
    'old: {image: "node:$NODE", variables: {NODE: "18"}, script: x}',
  ].join('\n');
  const env = { GITLAB_CI: 'true', CI_JOB_NAME: 'prepull', NODE: '22', TAG: 'own' };

  test('the values that GitLab computed win, but for what the own job sets for itself', async () => {
    expect(texts(await discover('.gitlab-ci.yml', pipeline, { env }))).toEqual([
      'acme/dray:1',
      'node:22',
      'acme/app:1',
      'node:18',
    ]);
  });

  test('elsewhere the file wins over the environment', async () => {
    expect(texts(await discover('.gitlab-ci.yml', pipeline, { env: { NODE: '22' } }))).toContain('node:20');
  });
});

test('no value of a variable that is not part of an image name shows up', async () => {
  const secret = 'planted-secret-value';
  await write('.env', `PASSWORD=${secret}\n?? ${secret}\n`);
  const found = await discover(
    'compose.yml',
    `services:\n  a:\n    image: redis:\${TAG}\n    environment:\n      PASSWORD: \${PASSWORD}\n`,
    { env: { TOKEN: secret } },
  );
  expect(found.problems).not.toHaveLength(0);
  expect(JSON.stringify(found)).not.toContain(secret);
});

describe('constructs that are rare', () => {
  test('a named context stands in for a stage, and what that stage needed is not pulled', async () => {
    await write('Dockerfile', 'FROM golang:1 AS build\nFROM scratch\nCOPY --from=build /a /a\n');
    const compose = (contexts: string): string =>
      `services:\n  a:\n    build:\n      context: .\n      additional_contexts: ${contexts}\n`;
    const image = await discover('compose.yml', compose('["build=docker-image://acme/build:1"]'));
    expect(image.images).toMatchObject([{ text: 'acme/build:1', line: 5 }]);
    expect(texts(await discover('compose.yml', compose('{ build: ./out }')))).toEqual([]);
    const familiar = compose('{ docker.io/library/golang:1: "docker-image://acme/go:1" }');
    expect(texts(await discover('compose.yml', familiar))).toEqual(['acme/go:1']);
  });

  test('an override laid on an included file replaces what is tagged and merges the rest', async () => {
    await write('base.yml', 'services:\n  a:\n    image: acme/a:1\n    build: {context: x, target: t}\n');
    await write('over.yml', 'services:\n  a:\n    build: !reset null\n    platform: linux/s390x\n');
    const found = await discover('compose.yml', 'include:\n  - path: [base.yml, over.yml]\n');
    expect(found).toMatchObject({ images: [{ text: 'acme/a:1', platform: 'linux/s390x' }], problems: [] });
    await write('over.yml', 'services:\n  a:\n    build: !override {dockerfile_inline: "FROM acme/b:1"}\n');
    expect(texts(await discover('compose.yml', 'include:\n  - path: [base.yml, over.yml]\n'))).toEqual([
      'acme/b:1',
    ]);
  });

  test('inputs in longer text are JSON unless they are text, and an unknown function is an error', async () => {
    const found = await discover(
      '.gitlab-ci.yml',
      [
        'spec: {inputs: {list: {type: array, default: [a, b]}, tag: {default: "1"}}}',
        '---',
        'a: {image: "acme/$[[ inputs.list ]]", script: x}',
        'b: {image: "acme/b:$[[ inputs.tag | reverse ]]", script: x}',
        'c: {image: "acme/c:$[[ inputs.tag | posix_escape ]]", script: x}',
      ].join('\n'),
    );
    expect(texts(found)).toEqual(['acme/c:1']);
    expect(found.problems.map(({ line, severity }) => [line, severity])).toEqual([
      [3, 'error'],
      [4, 'error'],
    ]);
    expect(found.problems[0]?.reason).toContain('["a","b"]');
    expect(found.problems[1]?.reason).toContain('reverse');
  });

  test('extends and trigger that name nothing are problems', async () => {
    const compose = await discover('compose.yml', 'services:\n  a:\n    extends: {file: compose.yml}\n');
    expect(compose.problems).toMatchObject([{ line: 3, severity: 'error' }]);
    const gitlab = await discover('.gitlab-ci.yml', 'a:\n  trigger:\n    include: /nope.yml\n');
    expect(gitlab.problems).toMatchObject([{ line: 3, what: 'job a, trigger', severity: 'error' }]);
  });

  test('a list of Kubernetes objects is read, a CircleCI list is a problem', async () => {
    const pod = '- apiVersion: v1\n  kind: Pod\n  spec: {containers: [{image: acme/a:1}]}\n';
    expect((await discover('pods.yaml', pod)).images).toMatchObject([{ text: 'acme/a:1', line: 3 }]);
    const circleci = await discover('.circleci/config.yml', '- a\n');
    expect(circleci.problems).toMatchObject([{ line: 1, severity: 'error' }]);
  });

  test('a circle of extends names every member once', async () => {
    const gitlab = await discover(
      '.gitlab-ci.yml',
      '.a:\n  extends: .b\n.b:\n  extends: .a\nc:\n  extends: .a\nd:\n  extends: .b\n',
    );
    expect(gitlab.problems).toHaveLength(1);
    expect(gitlab.problems[0]?.reason).toContain('.a → .b → .a');
  });
});
