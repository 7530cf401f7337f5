import { basename } from 'node:path';

import { run } from '../setup/run.mjs';

/** The first version that resolves names by itself, without plug-ins loaded from the machine. */
const OLDEST_GLIBC = [2, 34];

/** The libraries that an official build links to. */
const EXPECTED = /^(ld-linux-[\w-]+\.so\.\d|lib(atomic|c|dl|gcc_s|m|pthread|stdc\+\+)\.so\.\d+)$/;

/**
 * A Node.js, and what it needs on another machine.
 * @typedef {object} NodeRuntime
 * @property {string} version without the `v`
 * @property {string} arch as Node.js calls it
 * @property {string} glibc
 * @property {string} loader file name
 * @property {ReadonlyMap<string, string>} libraries paths on this machine by library name, including the
 * loader
 */

/**
 * Finds the libraries that a Node.js needs. Throws if it is not portable. Portable builds are for this
 * architecture, include OpenSSL with its certificates, and need no other library.
 * @param {string} node
 * @returns {NodeRuntime}
 */
export function describeNode(node) {
  const facts = JSON.parse(run(node, ['-p', script]));
  if (facts.platform !== 'linux') throw new Error('a self-contained build can be made on Linux only');
  if (facts.sharedOpenssl)
    throw new Error(`${node} uses the OpenSSL of this machine; take an official build`);
  const [major, minor] = facts.glibc.split('.').map(Number);
  if (major < OLDEST_GLIBC[0] || (major === OLDEST_GLIBC[0] && minor < OLDEST_GLIBC[1])) {
    throw new Error(`glibc ${facts.glibc} is older than ${OLDEST_GLIBC.join('.')}`);
  }
  const libraries = linkedLibraries(node);
  const loader = [...libraries.keys()].find((name) => name.startsWith('ld-linux'));
  if (loader === undefined) throw new Error(`${node} has no loader of glibc`);
  return { version: facts.version, arch: facts.arch, glibc: facts.glibc, loader, libraries };
}

const script = `JSON.stringify({
  platform: process.platform,
  arch: process.arch,
  version: process.versions.node,
  sharedOpenssl: Boolean(process.config.variables.node_shared_openssl),
  glibc: process.report.getReport().header.glibcVersionRuntime ?? '0.0',
})`;

/** @param {string} program */
function linkedLibraries(program) {
  const paths = [...run('ldd', [program]).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path);
  const libraries = new Map(paths.map((path) => [basename(path), path]));
  const others = [...libraries.keys()].filter((name) => !EXPECTED.test(name));
  if (others.length > 0) throw new Error(`${program} needs ${others.join(', ')}; take an official build`);
  return libraries;
}
