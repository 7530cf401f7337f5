import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { systemErrorCode } from '@drayage/core';
import { entryPath, parentOf } from '../layer/entry-path.ts';

/** The files of a directory, by untrusted names. */
export interface TreeFiles {
  /**
   * The content of a file, in pieces of at most 256 KiB; undefined if the directory has no such regular file.
   * Links are not followed.
   * @throws RefusedEntry for a name outside of the directory
   */
  open(name: string): Generator<Buffer> | undefined;
}

const pieceBytes = 256 * 1024;
// Without O_NONBLOCK, opening a fifo would wait for a writer.
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const absent = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EACCES', 'ENAMETOOLONG']);

/**
 * Opens files below `directory`. Synchronous: the files were just written, and the thread pool would take ten
 * times as long per file.
 */
export function treeFiles(directory: string): TreeFiles {
  const known = new Set<string>(['']);
  const fullPath = (path: string): Buffer =>
    Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, 'latin1')]);
  const isDirectory = (path: string): boolean => {
    if (known.has(path)) return true;
    if (!isDirectory(parentOf(path)) || !lstatSync(fullPath(path)).isDirectory()) return false;
    known.add(path);
    return true;
  };
  return {
    open(name) {
      const path = entryPath(name);
      try {
        if (!isDirectory(parentOf(path))) return undefined;
        const descriptor = openSync(fullPath(path), flags);
        if (fstatSync(descriptor).isFile()) return pieces(descriptor);
        closeSync(descriptor);
        return undefined;
      } catch (error) {
        if (absent.has(systemErrorCode(error) ?? '')) return undefined;
        throw error;
      }
    },
  };
}

function* pieces(descriptor: number): Generator<Buffer> {
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(Math.min(pieceBytes, fstatSync(descriptor).size || 1));
      const bytesRead = readSync(descriptor, piece, 0, piece.length, null);
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    closeSync(descriptor);
  }
}
