import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { cache } from './places.mjs';
import { run } from './run.mjs';

const LABEL = 'drayage-part.json';

/**
 * Extracts one part into the cache; installs nothing, so no service starts.
 * The folder appears only when complete, so an interrupted set-up is redone.
 * @param {import('./recipes.mjs').Recipe} recipe
 * @param {() => ReturnType<typeof import('./apt-downloads.mjs').openAptDownloads>} openApt
 * @returns {string} what was done
 */
export function setUpPart(recipe, openApt) {
  const folder = join(cache, recipe.folder);
  const label = readLabel(folder);
  if (label?.recipe === JSON.stringify(recipe)) return `${label.versions[0]}, up to date`;
  const versions = extract(recipe, folder, openApt());
  return `${versions[0]}, extracted (${versions.slice(1).join(', ') || 'nothing else'})`;
}

/**
 * @param {import('./recipes.mjs').Recipe} recipe
 * @param {string} folder
 * @param {ReturnType<typeof import('./apt-downloads.mjs').openAptDownloads>} apt
 */
function extract(recipe, folder, apt) {
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const versions = fill(unfinished, recipe, apt);
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  return versions;
}

/**
 * @param {string} folder
 * @param {import('./recipes.mjs').Recipe} recipe
 * @param {ReturnType<typeof import('./apt-downloads.mjs').openAptDownloads>} apt
 */
function fill(folder, recipe, apt) {
  for (const [release, packages] of Object.entries(recipe.packages)) apt.download(release, packages, folder);
  const archives = readdirSync(folder).map((name) => join(folder, name));
  const versions = archives.map((archive) => unpack(archive, folder));
  if (recipe.ownLibraries === true) writeStarters(folder, recipe.programs);
  for (const program of recipe.programs) run(join(folder, program), [recipe.versionFlag ?? '--version']);
  const first = Object.values(recipe.packages)[0][0];
  versions.sort((a, b) => Number(b.startsWith(`${first} `)) - Number(a.startsWith(`${first} `)));
  writeFileSync(join(folder, LABEL), JSON.stringify({ recipe: JSON.stringify(recipe), versions }, null, 2));
  return versions;
}

/**
 * Makes programs of a newer release start with that release's own loader and libraries; the folder can be
 * moved.
 * @param {string} folder
 * @param {readonly string[]} programs
 */
function writeStarters(folder, programs) {
  mkdirSync(join(folder, 'bin'));
  for (const program of programs) {
    const file = join(folder, program);
    const lines = [
      '#!/bin/sh',
      'part=$(dirname "$(dirname "$(readlink -f "$0")")")',
      'libraries=$(echo "$part"/usr/lib/*-linux-gnu)',
      `exec "$libraries"/ld-linux-*.so.? --library-path "$libraries" "$part/usr/bin/${basename(program)}" "$@"`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    chmodSync(file, 0o755);
  }
}

/**
 * @param {string} archive
 * @param {string} folder
 * @returns {string} name and version
 */
function unpack(archive, folder) {
  run('dpkg', ['-x', archive, folder]);
  const version = run('dpkg-deb', ['--show', '--showformat', '${Package} ${Version}', archive]);
  rmSync(archive);
  return version;
}

/**
 * @param {string} folder
 * @returns {{ recipe: string, versions: string[] } | undefined}
 */
function readLabel(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, LABEL), 'utf8'));
  } catch {
    return undefined;
  }
}
