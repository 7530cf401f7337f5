import { RefusedEntry } from './refused.ts';

/** Linux's limits for a path and for each name in it (bytes). */
const maxPathBytes = 4095;
const maxNameBytes = 255;

/**
 * The path in the layer's tree for a name in a tar, without slash at either end; empty for the root. Names
 * are bytes (`latin1`). Leading slashes are ignored, as in engines. Paths with `..` are rejected, although
 * engines would resolve some.
 * @throws RefusedEntry
 */
export function entryPath(name: string, what = 'its name'): string {
  const isPlain = !name.startsWith('/') && !name.endsWith('/') && !/(^|\/)\.{0,2}(\/|$)/.test(name);
  const parts = isPlain ? [] : name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new RefusedEntry(`${what} contains ".."`);
  const path = isPlain ? name : parts.join('/');
  if (path.length > maxPathBytes || path.split('/').some((part) => part.length > maxNameBytes)) {
    throw new RefusedEntry(`${what} is too long`);
  }
  if (path.includes('\0')) throw new RefusedEntry(`${what} contains NUL`);
  return path;
}

/** The parent directory of a path; empty for the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The last component of a path. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
