import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { build } from 'esbuild';

const here = import.meta.dirname;
/** Where to: the package's own place unless told. */
const dist = resolve(process.argv[2] ?? join(here, 'dist'));
const fresh = join(dist, `.build-${process.pid}`);

/** What is read at run time, from a directory beside that of the chunks. */
const assets = ['assets', '../circleci/assets', '../bake/assets', '../gitlab/assets'].map((path) =>
  join(here, path),
);

/**
 * What libraries load for abilities that we do not use, by the package that loads it. dockerode: BuildKit
 * sessions and ssh:// engines (dray does not build through it, and refuses an ssh:// engine before a
 * client is made), which would need native code. yargs: its usage texts; ours are rendered from the option
 * table, and measuring text costs a third of the time that the program takes to start.
 */
const unused = [
  {
    library: /^(@grpc\/(grpc-js|proto-loader)|ssh2|protobufjs)$/,
    importer: /node_modules\/(dockerode|docker-modem)\//,
  },
  { library: /^(cliui|string-width)$/, importer: /node_modules\/yargs\// },
];

const result = await build({
  absWorkingDir: here,
  entryPoints: { dray: 'src/main.ts' },
  // Beside its place, so that it can be moved there at once.
  outdir: fresh,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  // With `splitting`, the import() of a CommonJS module has no named exports, and the SDK of AWS wants them.
  mainFields: ['module', 'main'],
  target: 'node20.19',
  // Names are part of what a stack trace tells.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  chunkNames: 'chunks/[name]-[hash]',
  metafile: true,
  logLevel: 'warning',
  banner: {
    // CommonJS libraries ask for Node's own modules by require.
    js: `import { createRequire as dray_createRequire } from 'node:module'; const require = dray_createRequire(import.meta.url);`,
  },
  plugins: [leaveOutUnused()],
});

await makeExecutable();
await writeFile(join(fresh, 'THIRD-PARTY-LICENSES'), await licences(Object.keys(result.metafile.inputs)));
await putInPlace();

/** @returns {import('esbuild').Plugin} */
function leaveOutUnused() {
  return {
    name: 'leave-out-unused',
    setup({ onLoad, onResolve }) {
      for (const { library, importer } of unused) {
        onResolve({ filter: library }, ({ path, importer: from }) =>
          importer.test(from) ? { path, namespace: 'unused' } : undefined,
        );
      }
      onLoad({ filter: /.*/, namespace: 'unused' }, () => ({
        contents: 'module.exports = {};',
        loader: 'js',
      }));
    },
  };
}

/**
 * Replaces the program while others may be running it: chunks are named by their content and come first, then
 * the program itself by a rename. The chunks of the program before stay, for who started it a moment ago;
 * older ones go.
 */
async function putInPlace() {
  const before = await chunksOf(join(dist, 'dray.js'));
  const chunks = await readdir(join(fresh, 'chunks'));
  await mkdir(join(dist, 'chunks'), { recursive: true });
  for (const name of chunks) await rename(join(fresh, 'chunks', name), join(dist, 'chunks', name));
  await mkdir(join(dist, 'assets'), { recursive: true });
  for (const dir of assets) {
    for (const name of await readdir(dir)) {
      await copyFile(join(dir, name), join(fresh, name));
      await rename(join(fresh, name), join(dist, 'assets', name));
    }
  }
  for (const name of ['THIRD-PARTY-LICENSES', 'dray.js']) await rename(join(fresh, name), join(dist, name));
  await rm(fresh, { recursive: true });
  for (const name of await readdir(join(dist, 'chunks'))) {
    if (!chunks.includes(name) && !before.has(name)) await rm(join(dist, 'chunks', name), { force: true });
  }
}

/**
 * The names of all chunks that a program may load; none when there is no program.
 * @param {string} path
 * @param {Set<string>} found
 * @returns {Promise<Set<string>>}
 */
async function chunksOf(path, found = new Set()) {
  const code = await readFile(path, 'utf8').catch(() => '');
  for (const [, name] of code.matchAll(/["']\.\/(?:chunks\/)?([\w.-]+-[A-Z0-9]{8}\.js)["']/g)) {
    if (name === undefined || found.has(name)) continue;
    found.add(name);
    await chunksOf(join(dist, 'chunks', name), found);
  }
  return found;
}

async function makeExecutable() {
  const program = join(fresh, 'dray.js');
  await writeFile(program, `#!/usr/bin/env node\n${await readFile(program, 'utf8')}`);
  await chmod(program, 0o755);
}

/**
 * The licences of all bundled packages, each text once.
 * @param {readonly string[]} inputs
 */
async function licences(inputs) {
  const roots = new Set(inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0]));
  /** @type {Map<string, Set<string>>} */
  const packagesByText = new Map();
  for (const root of roots) {
    if (root === undefined) continue;
    const manifest = JSON.parse(await readFile(join(here, root, 'package.json'), 'utf8'));
    const text = await licenceText(join(here, root));
    const packages = packagesByText.get(text) ?? new Set();
    packagesByText.set(text, packages.add(`${manifest.name} ${manifest.version} (${manifest.license})`));
  }
  const sections = [...packagesByText].map(
    ([text, packages]) => `${[...packages].sort().join('\n')}\n\n${text.trim()}\n`,
  );
  return sections.sort().join(`\n${'-'.repeat(80)}\n\n`);
}

/** @param {string} dir */
async function licenceText(dir) {
  const name = (await readdir(dir)).find((file) => /^licen[cs]e/i.test(file));
  return name === undefined ? '(the package has no licence file)\n' : readFile(join(dir, name), 'utf8');
}
