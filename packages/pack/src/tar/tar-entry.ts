/** What an entry makes; `global` is a PAX global header, which engines record and ignore. */
export type TarEntryType =
  'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo' | 'global';

/** Bytes of a sparse file that are there; what lies between two fragments reads as zeros. */
export interface Fragment {
  readonly offset: number;
  readonly length: number;
}

/** Seconds since 1970, rounded down, and the nanoseconds after them. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * One entry of a tar, with its extensions applied. Names are bytes, not text: each character of a name, link name or xattr name is one byte
 * (`latin1`).
 */
export interface TarEntry {
  readonly name: string;
  readonly type: TarEntryType;
  /** The permission, set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: TarTime;
  /** Of the file (bytes); 0 for everything but files. */
  readonly size: number;
  /** Bytes that follow in the tar: fewer than `size` for a sparse file. */
  readonly storedSize: number;
  readonly linkName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Where the stored bytes belong; undefined for what is not sparse. */
  readonly fragments: readonly Fragment[] | undefined;
}
