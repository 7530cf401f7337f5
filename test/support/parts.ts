import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { cache } from '../../scripts/setup/places.mjs';

const composeFolder = join(cache, 'compose/usr/libexec/docker/cli-plugins');

/** Finds where set-up has put a part, or undefined when it has not. */
export function cachedPart(folder: string): string | undefined {
  const path = join(cache, folder);
  return existsSync(join(path, 'drayage-part.json')) ? path : undefined;
}

/** Finds a program on PATH, with the folders that root's PATH may lack, or where set-up has put it. */
export function programOnPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', composeFolder];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
