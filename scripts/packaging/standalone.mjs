import { chmod, copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isRunnable, run } from '../setup/run.mjs';
import { stageLicences } from './licences.mjs';
import { describeNode } from './node-runtime.mjs';

/**
 * Writes a package of the command line with Node.js, the C library and the loader of this machine. It runs on
 * any Linux of the same architecture, with any C library or none.
 * @param {string} dir
 * @param {import('./command.mjs').Command} command
 * @param {string} node the program to include; an official build
 */
export async function stageStandalone(dir, command, node) {
  const runtime = describeNode(node);
  const name = `standalone-linux-${runtime.arch}`;
  for (const folder of ['bin', 'lib', 'licences']) await mkdir(join(dir, folder), { recursive: true });
  await cp(join(command.dir, 'dist'), join(dir, 'dist'), { recursive: true });
  await copyFile(join(command.dir, 'LICENSE'), join(dir, 'LICENSE'));
  for (const [soname, file] of runtime.libraries) await copyProgram(file, join(dir, 'lib', soname));
  await copyProgram(node, join(dir, 'lib/node'));
  strip(join(dir, 'lib/node'));
  await writeFile(join(dir, 'bin/dray'), starter(runtime.loader), { mode: 0o755 });
  await stageLicences(join(dir, 'licences'), node, runtime);
  await writeFile(join(dir, 'README.md'), readme(name, runtime));
  await writeFile(
    join(dir, 'package.json'),
    `${JSON.stringify(manifest(name, command.version, runtime), null, 2)}\n`,
  );
  check(join(dir, 'bin/dray'), command.version);
  return { dir, name };
}

/**
 * @param {string} from
 * @param {string} to
 */
async function copyProgram(from, to) {
  await copyFile(from, to);
  await chmod(to, 0o755);
}

/**
 * Removes symbols, which only debuggers need: an eighth of the file. The check at the end shows that it still
 * runs.
 * @param {string} program
 */
function strip(program) {
  if (isRunnable('strip')) run('strip', [program]);
}

/**
 * Only the loader gets the library path, not the environment: programs that dray starts use the machine's
 * libraries.
 * @param {string} loader
 */
function starter(loader) {
  return `#!/bin/sh
# Starts dray with the Node.js and the C library beside it. npm installs a link to this file.
self=$0
while [ -L "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=\${self%/*}/$link ;;
  esac
done
case $self in
  */*) root=\${self%/*}/.. ;;
  *) root=.. ;;
esac
exec "$root/lib/${loader}" --inhibit-cache --library-path "$root/lib" "$root/lib/node" "$root/dist/dray.js" "$@"
`;
}

/**
 * @param {string} name
 * @param {string} version
 * @param {import('./node-runtime.mjs').NodeRuntime} runtime
 */
function manifest(name, version, { arch }) {
  return {
    name: `@drayage/${name}`,
    version,
    description: `drayage with the Node.js it needs, for Linux on ${arch}: runs on glibc, musl and plain busybox`,
    license: 'SEE LICENSE IN licences/README.md',
    type: 'module',
    exports: { './package.json': './package.json' },
    os: ['linux'],
    cpu: [arch],
    bin: { dray: 'bin/dray' },
    publishConfig: { access: 'public' },
  };
}

/**
 * @param {string} name
 * @param {import('./node-runtime.mjs').NodeRuntime} runtime
 */
function readme(name, { version, arch }) {
  return `# @drayage/${name}

The command \`dray\` of the package \`drayage\`, with Node.js ${version} and the C library it needs, for Linux on ${arch}. For images that have no Node.js of
their own, or an old one; on glibc, musl and plain busybox. \`bin/dray\` is the command. The contents are listed in \`licences/README.md\`.
`;
}

/**
 * @param {string} program
 * @param {string} version
 */
function check(program, version) {
  const told = run(program, ['--version'], { env: { PATH: process.env.PATH } }).trim();
  if (told !== version)
    throw new Error(`the self-contained build prints the version ${told} instead of ${version}`);
}
