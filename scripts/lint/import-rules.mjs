import { builtinModules } from 'node:module';

/** The siblings that a package may import, and the libraries that only this package may import. */
const packages = {
  core: { siblings: [], libraries: [] },
  http: { siblings: ['core'], libraries: ['undici'] },
  registry: { siblings: ['core', 'http'], libraries: [] },
  discovery: { siblings: ['core'], libraries: ['dockerfile-ast'] },
  host: { siblings: ['core'], libraries: [] },
  engine: { siblings: ['core', 'host'], libraries: ['dockerode', 'docker-modem'] },
  pack: { siblings: ['core', 'host'], libraries: [] },
  mount: { siblings: ['core', 'host'], libraries: ['@grpc', '@bufbuild'] },
  'private-engine': { siblings: ['core', 'host', 'mount'], libraries: [] },
  doctor: { siblings: ['core', 'host', 'mount', 'private-engine'], libraries: [] },
  bake: { siblings: ['core', 'mount', 'private-engine'], libraries: [] },
  ci: { siblings: ['core', 'http'], libraries: [] },
  circleci: { siblings: ['core', 'http'], libraries: [] },
  gitlab: { siblings: ['core', 'http'], libraries: ['@gitbeaker'] },
  oci: { siblings: ['core', 'http', 'registry'], libraries: [] },
  'http-place': { siblings: ['core', 'http'], libraries: [] },
  s3: { siblings: ['core', 'http'], libraries: ['@aws-sdk', '@smithy', 'fast-xml-parser'] },
};
/** The command wires them all. */
packages.cli = { siblings: Object.keys(packages), libraries: [] };

/** The modules of core that other packages may import, in addition to index.ts. */
const coreEntries = ['bundle', 'image', 'handover', 'plan', 'pipeline', 'signature'];

/** The folders and files of core, lowest first: each may import those on the lines above its own. */
const coreLevels = [
  ['errors.ts', 'redact.ts', 'error-summary.ts', 'asset.ts', 'tar/'],
  ['image/'],
  ['image-set/'],
  ['blob-store.ts', 'source.ts', 'transport.ts', 'engine.ts', 'helper-container.ts'],
  ['store/'],
  ['bundle/'],
  ['signature/'],
  ['pack-writer.ts', 'mounter.ts'],
  ['handover/'],
  ['rendezvous/'],
  ['prepull/', 'delivery/'],
];

const TESTS = ['**/*.test.ts', '**/testing/**'];

const noTesting = { regex: '(^|/)testing(/|$)', message: 'Production code never imports testing/.' };

const FUZZ = ['test/fuzz/**/*.ts'];

const relativeImports = {
  regex: '^\\.{1,2}(/.*)?(?<!\\.(ts|mjs))$',
  message: 'Relative imports end in .ts.',
};

const everywhere = [
  {
    regex: `^@drayage/(?!core/(${coreEntries.join('|')})$)[^/]+/(?!testing$)`,
    message: 'Import a sibling by its package name, not by a path inside it.',
  },
  {
    regex: '^\\.{1,2}/(.*/)?(src|dist)/',
    message: 'Import a sibling by its package name, not by a path inside it.',
  },
  { regex: '^\\.{1,2}/(.*/)?(src|dist)/', message: 'Import a sibling by its name, not its inside.' },
  relativeImports,
];

/** One eslint configuration per place with its own import rules. */
export const importRules = [
  ...Object.entries(packages).flatMap(([name, rules]) => [
    forbid({ files: [`packages/${name}/src/**/*.ts`], ignores: TESTS }, [
      ...packageRules(name, rules),
      noTesting,
    ]),
    forbid({ files: TESTS.map((tests) => `packages/${name}/src/${tests}`) }, packageRules(name, rules)),
  ]),
  ...coreLevels.flat().flatMap((member) => {
    const rules = [...packageRules('core', packages.core), noHigherLevel(member)];
    const files = [`packages/core/src/${member}${member.endsWith('/') ? '**/*.ts' : ''}`];
    const tests = [files[0].replace(/\.ts$/, '.test.ts')];
    return [forbid({ files, ignores: TESTS }, [...rules, noTesting]), forbid({ files: tests }, rules)];
  }),
  forbid({ files: ['test/**/*.ts'], ignores: FUZZ }, [...onlyIn('test'), ...everywhere]),
  // Readers of foreign bytes lie inside the packages.
  forbid({ files: FUZZ }, [...onlyIn('test'), relativeImports]),
];

/**
 * @param {string} name
 * @param {{ siblings: readonly string[] }} rules
 */
function packageRules(name, { siblings }) {
  const allowed = siblings.map((sibling) => `${sibling}(/|$)`).join('|') || '$';
  const may = siblings.map((sibling) => `@drayage/${sibling}`).join(', ') || 'no sibling';
  return [
    { regex: `^(@drayage/(?!${allowed})|drayage(/|$))`, message: `packages/${name} may import ${may}.` },
    ...onlyIn(name),
    ...everywhere,
  ];
}

/**
 * Forbids the libraries that belong to another place.
 * @param {string} place
 */
function onlyIn(place) {
  return Object.entries(packages)
    .filter(([owner]) => owner !== place)
    .flatMap(([owner, { libraries }]) =>
      libraries.map((library) => ({
        regex: `^${library}(/|$)`,
        message: `Only packages/${owner} may import it.`,
      })),
    );
}

/** @param {string} member */
function noHigherLevel(member) {
  const level = coreLevels.findIndex((members) => members.includes(member));
  const isFolder = member.endsWith('/');
  const neighbours = isFolder ? coreLevels[level].filter((other) => other !== member) : [];
  const entries = ['index', ...coreEntries].map((name) => `${name}.ts`);
  const higher = [...neighbours, ...coreLevels.slice(level + 1).flat(), ...entries];
  const names = higher.map((name) => name.replace('.', '\\.')).join('|');
  const message = `${member} may import what is below it in core, see coreLevels in scripts/lint/import-rules.mjs.`;
  return { regex: `^${isFolder ? '(\\.\\./)+' : '\\./'}(${names})`, message };
}

/**
 * @param {{ files: string[], ignores?: string[] }} place
 * @param {readonly object[]} patterns
 */
function forbid(place, patterns) {
  const paths = builtinModules.map((name) => ({ name, message: `Write node:${name}.` }));
  return { ...place, rules: { 'no-restricted-imports': ['error', { paths, patterns }] } };
}
