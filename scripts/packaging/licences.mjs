import { copyFile, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { run } from '../setup/run.mjs';

const texts = ['GPL-3', 'LGPL-2.1'];

/**
 * Writes the licences of the parts of a self-contained build, and a list of parts and licences.
 * @param {string} dir
 * @param {string} node
 * @param {import('./node-runtime.mjs').NodeRuntime} runtime
 */
export async function stageLicences(dir, node, runtime) {
  await writeFile(join(dir, 'node.txt'), await licenceOfNode(node));
  const packages = await debianPackages(runtime.libraries);
  for (const { name } of packages) {
    await copyFile(`/usr/share/doc/${name}/copyright`, join(dir, `${name}.txt`));
  }
  for (const name of texts)
    await copyFile(join('/usr/share/common-licenses', name), join(dir, `${name}.txt`));
  await writeFile(join(dir, 'README.md'), overview(runtime, packages));
}

/**
 * Finds Node.js's licence: archives have it above the program, Debian packages in the documentation.
 * @param {string} node
 */
async function licenceOfNode(node) {
  const places = [join(dirname(await realpath(node)), '../LICENSE'), '/usr/share/doc/nodejs/LICENSE'];
  for (const place of places) {
    const text = await readFile(place, 'utf8').catch(() => '');
    if (text.startsWith('Node.js is licensed')) return text;
  }
  throw new Error(`cannot find the licence of Node.js in ${places.join(' or ')}`);
}

/**
 * @typedef {object} DebianPackage
 * @property {string} name
 * @property {string} version
 * @property {string} source name and version of its source package
 * @property {string[]} files
 *
 * @param {ReadonlyMap<string, string>} libraries
 * @returns {Promise<DebianPackage[]>} by name
 */
async function debianPackages(libraries) {
  /** @type {Map<string, string[]>} */
  const files = new Map();
  for (const [soname, path] of libraries) {
    const name = owner(path) ?? owner(await realpath(path));
    if (name === undefined) throw new Error(`no Debian package owns ${path}, so its licence is unknown`);
    files.set(name, [...(files.get(name) ?? []), soname]);
  }
  return [...files].sort().map(([name, sonames]) => {
    const format = '${Version} ${source:Package} ${source:Version}\\n';
    const [first = ''] = run('dpkg-query', ['--show', '--showformat', format, name]).split('\n');
    const [version = '', ...source] = first.split(' ');
    return { name, version, source: source.join(' '), files: sonames.sort() };
  });
}

/** @param {string} path */
function owner(path) {
  try {
    return run('dpkg-query', ['--search', path]).split(':')[0];
  } catch {
    return undefined;
  }
}

/**
 * @param {import('./node-runtime.mjs').NodeRuntime} runtime
 * @param {readonly DebianPackage[]} packages
 */
function overview(runtime, packages) {
  const rows = packages.map(
    ({ name, version, source, files }) =>
      `- ${files.map((file) => `\`lib/${file}\``).join(', ')}: Debian's ${name} ${version}, unchanged; source package ${source}, to be had from Debian's archive of sources (snapshot.debian.org); \`${name}.txt\``,
  );
  return `# Licences

- \`bin/\`, \`dist/\`: drayage, \`../LICENSE\`, with the packages listed in \`../dist/THIRD-PARTY-LICENSES\`
- \`lib/node\`: Node.js ${runtime.version}, without its symbols; source at nodejs.org; \`node.txt\`
${rows.join('\n')}

The GNU C library is under the GNU Lesser General Public License, version 2.1 or later (\`LGPL-2.1.txt\`); the libraries of GCC are under the GNU General Public
License, version 3 (\`GPL-3.txt\`), with the GCC Runtime Library Exception. Each is a file of its own, loaded at start, that can be replaced by a changed one of
the same interface.
`;
}
