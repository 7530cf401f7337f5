import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isDrayError, type DrayError } from '@drayage/core';
import { rejectionOf, temporaryDirectory, type TemporaryDirectory } from '@drayage/core/testing';
import { discoverImages } from './discover-images.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

async function failure(files: Readonly<Record<string, string>>): Promise<DrayError> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(directory.path, name)), { recursive: true });
    await writeFile(path.join(directory.path, name), text);
  }
  const [main = ''] = Object.keys(files);
  const error = await rejectionOf(discoverImages(path.join(directory.path, main), { env: {} }));
  if (!isDrayError(error)) throw error;
  return error;
}

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

describe('a variable that doubles at every level is an error that names file, line and variable', () => {
  test.each([
    ['a Dockerfile argument', { Dockerfile: `ARG A=ab\n${lines(40, () => 'ARG A=$A$A')}\nFROM x:$A\n` }, 'A'],
    [
      'Dockerfile arguments of many names',
      { Dockerfile: `ARG A0=ab\n${lines(40, (n) => `ARG A${n + 1}=$A${n}$A${n}`)}\nFROM x:$A40\n` },
      /^A\d+$/,
    ],
    [
      'a replacement of a Dockerfile',
      { Dockerfile: `ARG A=aa\n${lines(40, () => 'ARG A=${A//a/$A}')}\nFROM x:$A\n` },
      'A',
    ],
    [
      'a .env file',
      {
        'compose.yaml': 'services: {a: {image: x}}',
        '.env': `A=ab\n${lines(40, () => 'A=$A$A')}`,
      },
      'A',
    ],
    [
      'variables of a GitLab pipeline',
      {
        '.gitlab-ci.yml': [
          'variables:',
          '  A0: ab',
          lines(40, (n) => `  A${n + 1}: $A${n}$A${n}`),
          'a: {image: "x:$A40", script: x}',
        ].join('\n'),
      },
      /^A\d+$/,
    ],
    [
      'parameters of a CircleCI job',
      {
        '.circleci/config.yml': [
          'version: 2.1',
          `parameters: {p: {type: string, default: "${'a'.repeat(10_000)}"}}`,
          `jobs: {a: {docker: [{image: "${'<< pipeline.parameters.p >>'.repeat(1000)}"}]}}`,
          'workflows: {w: {jobs: [a]}}',
        ].join('\n'),
      },
      'pipeline.parameters.p',
    ],
    [
      'an environment variable of compose',
      {
        'compose.yaml': `services: {a: {image: "${'${B}'.repeat(1000)}"}}`,
        '.env': `B=${'a'.repeat(10_000)}`,
      },
      'B',
    ],
  ])('%s', async (_, files, variable) => {
    const error = await failure(files);
    expect(error.code).toBe('DISCOVERY_FAILED');
    expect(error.message).toMatch(/:\d+: the result has more than 1000000 characters/);
    expect(error.details['line']).toEqual(expect.any(Number));
    expect(error.details['variable']).toEqual(expect.stringMatching(variable));
  });
});

describe('text that doubles without growing is bounded as well', () => {
  test('empty variables and their issues', async () => {
    const text = `ARG U\n${lines(60, (n) => `ARG A${n + 1}=$A${n}$A${n}$U`)}\nFROM x:$A60\n`;
    const { images, problems } = await discoverText('Dockerfile', text);
    expect(images).toEqual([]);
    expect(problems).toHaveLength(1);
  });

  test('variables of a GitLab pipeline, and chains of them', async () => {
    const variables = lines(2000, (n) => `  A${n + 1}: "$A${n}$A${n}"`);
    const doubled = await discoverText(
      '.gitlab-ci.yml',
      `variables:\n  A0: ""\n${variables}\na: {image: "x:1$A90", script: x}\nb: {image: "x:$A2000", script: x}`,
    );
    expect(doubled.images.map(({ text }) => text)).toEqual(['x:1']);
    expect(doubled.problems).toMatchObject([{ severity: 'error', what: 'job b, image' }]);
    expect(doubled.problems[0]?.reason).toContain('100 variables deep');
  });

  test('extends of GitLab jobs', async () => {
    const text = `.a0: {image: x}\n${lines(9, (n) => `.a${n + 1}: {extends: [${Array(40).fill(`.a${n}`).join()}]}`)}
a: {extends: .a9, script: x}
b: {extends: .c0, script: x}
${lines(12, (n) => `.c${n}: {extends: .c${n + 1}}`)}
.c12: {image: y}`;
    const { images, problems } = await discoverText('.gitlab-ci.yml', text);
    expect(images.map(({ text: name }) => name)).toEqual(['x']);
    expect(problems.map(({ what }) => what)).toContain('job b');
  });

  test('a circle of GitLab variables', async () => {
    const { problems } = await discoverText(
      '.gitlab-ci.yml',
      'variables: {A: $B$B, B: $C$C, C: $A$A}\na: {image: "x:$A", script: x}',
    );
    expect(problems[0]?.reason).toContain('A → B → C → A');
  });
});

async function discoverText(name: string, text: string): Promise<Awaited<ReturnType<typeof discoverImages>>> {
  const file = path.join(directory.path, name);
  await writeFile(file, text);
  return await discoverImages(file, { env: {} });
}

const tenfold = (name: string, of: (below: string) => string): string =>
  lines(12, (n) => `${name}${n + 1}: &${name}${n + 1} ${of(Array(10).fill(`*${name}${n}`).join(', '))}`);

describe('structures that multiply are an error that names file and line', () => {
  test.each<readonly [string, Readonly<Record<string, string>>]>([
    ['aliases of sequences', { 'compose.yml': `a0: &a0 [x]\n${tenfold('a', (below) => `[${below}]`)}` }],
    [
      'merge keys',
      {
        'compose.yml': [
          `a: &a {${lines(3000, (n) => `k${n}: x,`).replaceAll('\n', ' ')} z: x}`,
          lines(3000, (n) => `b${n}: {<<: *a}`),
        ].join('\n'),
      },
    ],
    [
      'many documents of many aliases',
      {
        'pods.yaml': lines(
          2000,
          () =>
            `---\napiVersion: v1\nkind: Pod\na0: &a0 [x]\n${lines(5, (n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join()}]`)}`,
        ),
      },
    ],
    [
      'GitLab references',
      {
        '.gitlab-ci.yml': `.a0: {v: [x]}\n${lines(9, (n) => `.a${n + 1}: {v: [${Array(20).fill(`!reference [.a${n}, v]`).join()}]}`)}\na: {services: !reference [.a9, v], script: x}`,
      },
    ],
    [
      'GitLab includes',
      {
        '.gitlab-ci.yml': 'include: [0.yml, 0.yml, 0.yml, 0.yml]',
        ...Object.fromEntries(
          Array.from({ length: 12 }, (_, n) => [
            `${n}.yml`,
            `include: [${Array(4)
              .fill(`${n + 1}.yml`)
              .join()}]`,
          ]),
        ),
        '12.yml': 'a: {image: x, script: x}',
      },
    ],
    [
      'compose includes',
      {
        'compose.yaml': 'include: [0.yml, 0.yml, 0.yml, 0.yml]',
        ...Object.fromEntries(
          Array.from({ length: 12 }, (_, n) => [
            `${n}.yml`,
            `include: [${Array(4)
              .fill(`${n + 1}.yml`)
              .join()}]`,
          ]),
        ),
        '12.yml': 'services: {a: {image: x}}',
      },
    ],
    [
      'compose services that extend each other',
      {
        'compose.yml': `services:\n  a0: {image: x, volumes: [x]}\n${lines(5000, (n) => `  a${n + 1}: {extends: a${n}, volumes: [x]}`)}`,
      },
    ],
    [
      'uses of a CircleCI job',
      {
        '.circleci/config.yml': `version: 2.1\njobs: {a: {docker: [${Array(3000).fill('{image: x}').join()}]}}\nworkflows: {w: {jobs: [${Array(3000).fill('a').join()}]}}`,
      },
    ],
  ])('%s', async (_, files) => {
    const error = await failure(files);
    expect(error.code).toBe('DISCOVERY_FAILED');
    expect(error.message).toMatch(/:\d+: (expansion takes|it expands to) more than \d+ (steps|nodes)/);
  });
});

test('inputs that multiply in GitLab includes are a problem that names file, line and input', async () => {
  const repeated = (count: number): string => '$[[ inputs.x ]]'.repeat(count);
  await writeFile(
    path.join(directory.path, 'a.yml'),
    `spec: {inputs: {x: {}}}\n---\ninclude: [{local: b.yml, inputs: {x: "${repeated(30_000)}"}}]`,
  );
  await writeFile(
    path.join(directory.path, 'b.yml'),
    `spec: {inputs: {x: {}}}\n---\na: {image: "${repeated(1000)}", script: x}`,
  );
  const { images, problems } = await discoverText(
    '.gitlab-ci.yml',
    'include: [{local: a.yml, inputs: {x: ab}}]',
  );
  expect(images).toEqual([]);
  expect(problems).toMatchObject([{ severity: 'error', what: 'include' }]);
  expect(problems[0]?.reason).toMatch(
    /"inputs\.x" at .*b\.yml:3: the result has more than 1000000 characters/,
  );
});

test('a matrix that makes more jobs than CircleCI or GitLab run is a problem', async () => {
  const axes = lines(8, (n) => `    - {${'ABCDEFGH'.charAt(n)}: [${Array(30).fill('x').join()}]}`);
  const gitlab = await discoverText(
    '.gitlab-ci.yml',
    `a:\n  image: x\n  script: x\n  parallel:\n   matrix:\n${axes}`,
  );
  expect(gitlab.problems).toMatchObject([{ severity: 'error', what: 'job a' }]);
  await mkdir(path.join(directory.path, '.circleci'));
  const many = '{p: [1, 2, 3, 4, 5, 6], q: [1, 2, 3, 4, 5, 6], r: [1, 2, 3, 4, 5, 6]}';
  const circleci = await discoverText(
    '.circleci/config.yml',
    `version: 2.1\njobs: {a: {docker: [{image: x}]}}\nworkflows: {w: {jobs: [{a: {matrix: {parameters: ${many}}}}]}}`,
  );
  expect(circleci.problems[0]).toMatchObject({ severity: 'error', what: 'job a' });
});

test.each([
  ['a pattern of many stars', `ARG A=${'a'.repeat(300_000)}\nFROM x:\${A##${'*a'.repeat(40)}*b}\n`],
  ['a replacement of many stars', `ARG A=${'a'.repeat(300_000)}\nFROM x:\${A//${'*a'.repeat(40)}*b/x}\n`],
  ['braces that never close', `FROM x:${'${A:-'.repeat(100_000)}\n`],
])('%s ends, as a problem or an error', async (_, text) => {
  const result = await discoverText('Dockerfile', text).catch((error: unknown) => error);
  if (!isDrayError(result)) expect(result).toMatchObject({ images: [], problems: [{ severity: 'error' }] });
  else expect(result.code).toBe('DISCOVERY_FAILED');
});
