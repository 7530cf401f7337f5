import { RefusedEntry } from './refused.ts';

/** The longest path and the longest name in it that Linux takes (bytes). */
const maxPathBytes = 4095;
const maxNameBytes = 255;

/**
 * The place in the layer's tree that a name of a tar stands for, without slash at either end; empty for the root. Names are bytes (`latin1`).
 * A slash at the beginning counts for nothing, as with engines. What is not plain is refused, though engines would resolve some of it.
 * @throws RefusedEntry
 */
export function entryPath(name: string, what = 'its name'): string {
  const isPlain = !name.startsWith('/') && !name.endsWith('/') && !/(^|\/)\.{0,2}(\/|$)/.test(name);
  const parts = isPlain ? [] : name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new RefusedEntry(`${what} leads upwards`);
  const path = isPlain ? name : parts.join('/');
  if (path.length > maxPathBytes || path.split('/').some((part) => part.length > maxNameBytes)) {
    throw new RefusedEntry(`${what} is too long`);
  }
  if (path.includes('\0')) throw new RefusedEntry(`${what} has a NUL in it`);
  return path;
}

/** The directory that a path is in; empty for the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The last name of a path. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
