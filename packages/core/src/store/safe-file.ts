import { constants, type Stats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { DrayError, systemErrorCode } from '../errors.ts';
import { storeIoError } from './store-error.ts';

// A bundle is untrusted: a link would lead out of it, and opening a FIFO would block.
const readSafely = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The stats of the regular file at `path`, or undefined when it does not exist. @throws DrayError
 * `BUNDLE_UNSAFE`, `STORE_IO`
 */
export async function statRegularFile(path: string): Promise<Stats | undefined> {
  const stats = await lstatIfPresent(path);
  if (stats !== undefined && !stats.isFile()) throw unsafe(path, stats, 'regular file');
  return stats;
}

/**
 * Opens the regular file at `path` for reading; undefined when it does not exist. The caller closes it.
 * @throws DrayError `BUNDLE_UNSAFE`, `STORE_IO`
 */
export async function openRegularFile(path: string): Promise<FileHandle | undefined> {
  if ((await statRegularFile(path)) === undefined) return undefined;
  try {
    return await open(path, readSafely);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    if (systemErrorCode(error) === 'ELOOP') throw unsafe(path, undefined, 'regular file');
    throw storeIoError('open file', path, error);
  }
}

/**
 * True when `path` is a directory, false when it does not exist. @throws DrayError `BUNDLE_UNSAFE` for
 * anything else, such as a link to a directory; `STORE_IO`
 */
export async function isRealDirectory(path: string): Promise<boolean> {
  const stats = await lstatIfPresent(path);
  if (stats !== undefined && !stats.isDirectory()) throw unsafe(path, stats, 'directory');
  return stats !== undefined;
}

async function lstatIfPresent(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw storeIoError('examine', path, error);
  }
}

function unsafe(path: string, stats: Stats | undefined, expected: string): DrayError {
  const reason =
    stats === undefined || stats.isSymbolicLink() ? 'it is a symbolic link' : `it is not a ${expected}`;
  return new DrayError('BUNDLE_UNSAFE', `cannot use ${path}: ${reason}`, {
    hint: 'Delete the bundle and pre-pull again; a bundle has only plain files and directories.',
    details: { path },
  });
}
