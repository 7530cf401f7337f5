import type { FileFacts } from '../tar/tar-entry.ts';

/** A path in a pack, without the content of files. Names are bytes (`latin1`). */
export interface PackNode extends FileFacts {
  readonly type: 'directory' | 'file' | 'symlink' | 'block' | 'character' | 'fifo' | 'socket';
  /** The same for all hard links of a file. */
  readonly number: number;
}
