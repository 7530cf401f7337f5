/** The type of an entry. `global` is a PAX global header, which engines record and ignore. */
export type TarEntryType =
  'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo' | 'global';

/** A stored range of a sparse file; between fragments the file reads as zeros. */
export interface Fragment {
  readonly offset: number;
  readonly length: number;
}

/** Seconds since 1970, rounded down, plus nanoseconds. */
export interface TarTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What a file system keeps of an entry. Strings are bytes (`latin1`). */
export type FileFacts = Omit<TarEntry, 'name' | 'type' | 'storedSize' | 'fragments'>;

/**
 * A tar entry with its extensions applied. Names are bytes, not text: each character of a name, link name or
 * xattr name is one byte (`latin1`).
 */
export interface TarEntry {
  readonly name: string;
  readonly type: TarEntryType;
  /** The permission, set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: TarTime;
  /** Size of a file (bytes); 0 for all other types. */
  readonly size: number;
  /** Bytes that follow in the tar: fewer than `size` for a sparse file. */
  readonly storedSize: number;
  readonly linkName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Where the stored bytes belong; undefined if the file is not sparse. */
  readonly fragments: readonly Fragment[] | undefined;
}
