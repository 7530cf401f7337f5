import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/**
 * Writes SHA256SUMS for all packages of that version in a directory, including packages copied from other
 * machines.
 * @param {string} dir
 * @param {string} version
 * @returns {Promise<string>} the content, for `sha256sum --check`
 */
export async function writeChecksums(dir, version) {
  const names = (await readdir(dir)).filter((name) => name.endsWith(`-${version}.tgz`)).sort();
  const lines = [];
  for (const name of names) lines.push(`${await sha256(join(dir, name))}  ${name}\n`);
  await writeFile(join(dir, 'SHA256SUMS'), lines.join(''));
  return lines.join('');
}

/** @param {string} file */
async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
