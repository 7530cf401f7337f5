import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';

const here = import.meta.dirname;
const dist = join(here, 'dist');

/**
 * What libraries load for abilities that we do not use, by the package that loads it. dockerode: BuildKit sessions and ssh:// engines (a build
 * is none of our commands, and an ssh:// engine is refused before a client is made), which would need native code. yargs: its usage texts;
 * ours are rendered from the option table, and measuring text costs a third of the time that the program takes to start.
 */
const unused = [
  {
    library: /^(@grpc\/(grpc-js|proto-loader)|ssh2|protobufjs)$/,
    importer: /node_modules\/(dockerode|docker-modem)\//,
  },
  { library: /^(cliui|string-width)$/, importer: /node_modules\/yargs\// },
];

await cleanUp();
const result = await build({
  absWorkingDir: here,
  entryPoints: { dray: 'src/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
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
await writeFile(join(dist, 'THIRD-PARTY-LICENSES'), await licences(Object.keys(result.metafile.inputs)));

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

/** What tsc keeps there stays: it would not write it again. */
async function cleanUp() {
  await mkdir(dist, { recursive: true });
  for (const name of await readdir(dist)) {
    if (name !== 'types') await rm(join(dist, name), { recursive: true });
  }
}

async function makeExecutable() {
  const program = join(dist, 'dray.js');
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
