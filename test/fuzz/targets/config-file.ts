import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parseConfigFile } from '../../../packages/cli/src/config/parse-config-file.ts';
import {
  configKeys,
  resolveConfig,
  type ResolvedConfig,
} from '../../../packages/cli/src/config/resolve-config.ts';
import { claim, claimEqual, valueOf } from '../claims.ts';
import { jsonBytes, mutatedValues, type Json } from '../generators/json.ts';
import { pieced, repeated } from '../generators/text.ts';
import { mutatedLines } from '../generators/lines.ts';
import { defineTarget, type Target } from '../target.ts';

const codes = ['CONFIG_INVALID', 'REFERENCE_INVALID', 'PLATFORM_INVALID'] as const;

function resolve(text: string): ResolvedConfig {
  const path = '/project/.dray.yml';
  const file = parseConfigFile({ path, text }, { label: '.dray.yml', keys: configKeys });
  return resolveConfig({ given: new Map(), env: {}, file, cwd: '/project' });
}

const values: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    'redis:7',
    'postgres:^16',
    'linux/arm64',
    '5m',
    '30s',
    'true',
    true,
    4,
    '512M',
    'auto',
    'fail',
  ),
  fc.constantFrom<Json>(
    'compose.yaml',
    'gitlab:.gitlab-ci.yml',
    './bundle',
    'file:///tmp/x',
    'docker.io=https://m',
  ),
  fc.constantFrom<Json>(['redis:7', 'x'], { image: 'redis:7', platform: 'linux/arm64' }, [
    { image: 'a', optional: true },
  ]),
  fc.constantFrom<Json>({ run: 'make', secrets: ['TOKEN'] }, [['redis:7', 'redis:8']], {
    tag: { only: 'main' },
  }),
);
const settings = fc.dictionary(fc.constantFrom(...configKeys), values, { maxKeys: 5 });

/** JSON is YAML, too. */
const documents = mutatedValues(settings).map((value) => jsonBytes(value).toString());

const pieces = [
  ...configKeys.map((key) => `${key}: `),
  ...[
    'images:\n',
    '  - ',
    '- ',
    'redis:7',
    '\n',
    '\n  ',
    '\n    ',
    '&a ',
    '*a',
    '<<: *a',
    '!!str ',
    '!!binary ',
    '!x ',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ': ',
    '? ',
    '| ',
    '> ',
    '"',
    "'",
    '#',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '\t',
    '~',
    '0x1F',
  ],
  ...['&a [*a]', '\u0000', '\ufeff', '\u2028', '\\u001b[31m'],
] as const;

const examples = ['README.md', 'docs/configuration.md', 'packages/cli/README.md'].flatMap(yamlIn);

/** The examples in a page. */
function yamlIn(page: string): readonly string[] {
  const found = readFileSync(page, 'utf8').matchAll(/```ya?ml\n([^]*?)```/g);
  return [...found].map(([, text = '']) => text);
}

const files = defineTarget(
  'config-file',
  fc.oneof(
    { arbitrary: documents, weight: 8 },
    { arbitrary: mutatedLines(examples, pieces), weight: 6 },
    { arbitrary: pieced(pieces), weight: 4 },
    { arbitrary: repeated(pieces), weight: 1 },
  ),
  (text) => {
    const resolved = valueOf(codes, () => resolve(text));
    for (const origin of resolved?.origins.values() ?? []) {
      claim(/^\.dray\.yml:\d+: [a-z-]/i.test(origin), `the origin "${origin}" names no line and key`);
    }
  },
);

const plain = fc.record(
  {
    images: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}:[0-9]{1,3}$/), { minLength: 1, maxLength: 4 }),
    strict: fc.boolean(),
    concurrency: fc.integer({ min: 1, max: 16 }),
    settled: fc.boolean(),
  },
  { requiredKeys: ['images'] },
);

const written = defineTarget('config-file-written', plain, (settingsOf) => {
  const lines = Object.entries(settingsOf).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  const { config } = resolve(lines.join(''));
  const { config: same } = resolve(JSON.stringify(settingsOf));
  claimEqual(config, same, 'YAML and JSON of the same settings differ');
  claimEqual(config.images.length, settingsOf.images.length, 'images were lost');
  if (settingsOf.strict !== undefined)
    claimEqual(config.strict, settingsOf.strict, 'another value for strict');
  if (settingsOf.concurrency !== undefined) {
    claimEqual(config.concurrency, settingsOf.concurrency, 'another value for concurrency');
  }
});

export const configFileTargets: readonly Target[] = [files, written];
