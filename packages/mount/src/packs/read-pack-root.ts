import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { entryKind, type EntryKind, type PackRootEntry } from '@drayage/core/bundle';

/**
 * The root entries of a mounted pack, with kinds from their inodes, because the types in a directory may be
 * wrong. Links are not followed.
 * @throws errors of `node:fs`
 */
export async function readPackRoot(root: string): Promise<readonly PackRootEntry[]> {
  const { dev } = await lstat(root);
  const entries: PackRootEntry[] = [];
  for await (const { name } of await opendir(root)) {
    entries.push({ name, kind: await kindOf(join(root, name), dev) });
  }
  return entries;
}

/** A name that is not UTF-8 cannot be looked up; names of layers are ASCII. */
async function kindOf(path: string, device: number): Promise<EntryKind> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return 'unknown entry';
  return found.dev === device ? entryKind(letterOf(found)) : 'mount point';
}

function letterOf(found: Stats): string {
  if (found.isDirectory()) return 'd';
  if (found.isSymbolicLink()) return 'l';
  if (found.isFile()) return '-';
  if (found.isBlockDevice()) return 'b';
  if (found.isCharacterDevice()) return 'c';
  if (found.isFIFO()) return 'p';
  return found.isSocket() ? 's' : '?';
}
