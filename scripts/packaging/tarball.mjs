import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { pack } from 'tar-stream';

/** The time of everything npm packs: some file systems do not support earlier years. */
const mtime = new Date('1985-10-26T08:15:00Z');

/**
 * Packs a directory as npm does, so that registries accept it. The same files give the same bytes: sorts
 * names, omits times and owners.
 * @param {string} dir
 * @param {string} file the target; created only when complete
 * @param {number} level of gzip
 */
export async function packDirectory(dir, file, level) {
  const tar = pack();
  const unfinished = `${file}.${process.pid}`;
  await Promise.all([
    addFiles(tar, dir).catch((error) => tar.destroy(error)),
    pipeline(tar, createGzip({ level }), createWriteStream(unfinished)),
  ]);
  await rename(unfinished, file);
}

/**
 * @param {import('tar-stream').Pack} tar
 * @param {string} dir
 */
async function addFiles(tar, dir) {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const path of paths.sort()) {
    const { mode, size } = await stat(path);
    const name = `package/${relative(dir, path)}`;
    const entry = tar.entry({ name, size, mtime, mode: mode & 0o100 ? 0o755 : 0o644 });
    await pipeline(createReadStream(path), entry);
  }
  tar.finalize();
}
