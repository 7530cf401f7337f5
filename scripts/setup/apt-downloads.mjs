import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './run.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Opens apt with a separate state, to read other Debian releases without changing the system's sources.
 * @param {string} folder the directory of the state until `close`
 * @param {string} mirror
 */
export function openAptDownloads(folder, mirror) {
  const updated = new Set();
  return {
    /**
     * Downloads the newest packages of a release as .deb files into a folder.
     * @param {string} release
     * @param {readonly string[]} packages
     * @param {string} into
     */
    download(release, packages, into) {
      const options = privateState(join(folder, release));
      if (!updated.has(release)) update(join(folder, release), options, `${mirror} ${release} main`);
      updated.add(release);
      run('apt-get', [...options, 'download', ...packages], { cwd: into });
    },
    close() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * @param {string} folder
 * @param {readonly string[]} options
 * @param {string} source
 */
function update(folder, options, source) {
  for (const part of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${KEYRING}] ${source}\n`);
  run('apt-get', [...options, 'update', '--error-on=any']);
}

/** @param {string} folder */
function privateState(folder) {
  const settings = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    // The download user of apt cannot write below a home folder.
    'APT::Sandbox::User': 'root',
  };
  return ['-q', ...Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])];
}
