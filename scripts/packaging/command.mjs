import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { repository } from '../setup/places.mjs';
import { run } from '../setup/run.mjs';

/**
 * The package `drayage` as it is published.
 * @typedef {object} Command
 * @property {string} dir
 * @property {string} version
 */

/**
 * Builds the command line into a new directory, without leftovers of earlier builds.
 * @param {string} dir
 * @returns {Promise<Command>}
 */
export async function stageCommand(dir) {
  const source = join(repository, 'packages/cli');
  await mkdir(dir, { recursive: true });
  for (const name of ['LICENSE', 'README.md', 'package.json'])
    await copyFile(join(source, name), join(dir, name));
  run(process.execPath, [join(source, 'build.mjs'), join(dir, 'dist')]);
  const { version } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
  return { dir, version };
}
