import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from './places.mjs';
import { run } from './run.mjs';

/**
 * Updates node_modules to match package-lock.json.
 * @returns {string} what was done
 */
export function setUpNodeModules() {
  if (isInstalled()) return 'up to date';
  run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: repository });
  return 'installed';
}

/** npm writes the hidden lock file last, so an interrupted installation lacks it. */
function isInstalled() {
  const wanted = readLock('package-lock.json');
  const installed = readLock('node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => isSatisfied(path, entry, installed[path]));
}

/**
 * @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean }} Entry
 * @param {string} path
 * @param {Entry} wanted
 * @param {Entry | undefined} installed
 */
function isSatisfied(path, wanted, installed) {
  if (!path.includes('node_modules/')) return true;
  if (installed === undefined) return wanted.optional === true;
  return installed.version === wanted.version && installed.integrity === wanted.integrity;
}

/**
 * @param {string} file
 * @returns {Record<string, Entry> | undefined}
 */
function readLock(file) {
  try {
    return JSON.parse(readFileSync(join(repository, file), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
