import type { HeaderBlock } from './header-block.ts';
import { MalformedTar } from './malformed.ts';
import { paxNumber, paxText, paxTime, type PaxRecords } from './pax-records.ts';
import type { Fragment, TarEntry, TarEntryType } from './tar-entry.ts';

/** Extensions that precede a header block. */
export interface Extensions {
  readonly records: PaxRecords;
  /** From GNU's long name and long link entries; empty if absent. */
  readonly longName: string;
  readonly longLink: string;
}

export const noExtensions: Extensions = { records: new Map(), longName: '', longLink: '' };

/** The layout of a sparse file. */
export interface Sparseness {
  readonly fragments: readonly Fragment[];
  /** Size including holes (bytes). */
  readonly size: number;
}

const xattrPrefix = 'SCHILY.xattr.';

const types: Readonly<Record<string, TarEntryType>> = {
  '\0': 'file',
  '0': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/**
 * The type of the entry that a header block starts.
 * @throws MalformedTar for a type that engines do not extract
 */
export function entryType(header: HeaderBlock, extensions: Extensions): TarEntryType {
  const type = types[header.typeFlag];
  if (type === undefined) {
    throw new MalformedTar(`an entry is of the unknown type ${JSON.stringify(header.typeFlag)}`);
  }
  // Before POSIX, only a trailing slash marked a directory.
  const isOldDirectory = header.typeFlag === '\0' && entryName(header, extensions).endsWith('/');
  return isOldDirectory ? 'directory' : type;
}

/** Bytes that follow a header block in the tar, without padding. @throws MalformedTar */
export function bytesThatFollow(type: TarEntryType, header: HeaderBlock, records: PaxRecords): number {
  if (type !== 'file') return 0;
  const size = paxNumber(records, 'size') ?? header.size;
  if (size < 0) throw new MalformedTar('a size is negative');
  return size;
}

/** Merges a header block with its extensions. @throws MalformedTar */
export function describeEntry(
  type: TarEntryType,
  header: HeaderBlock,
  extensions: Extensions,
  storedSize: number,
  sparseness: Sparseness | undefined,
): TarEntry {
  const { records, longLink } = extensions;
  return {
    name:
      (sparseness === undefined ? undefined : paxText(records, 'GNU.sparse.name')) ??
      entryName(header, extensions),
    type,
    mode: header.mode & 0o7777,
    uid: paxNumber(records, 'uid') ?? header.uid,
    gid: paxNumber(records, 'gid') ?? header.gid,
    mtime: paxTime(records, 'mtime') ?? { seconds: header.mtime, nanoseconds: 0 },
    size: sparseness?.size ?? storedSize,
    storedSize,
    linkName: longLink !== '' ? longLink : (paxText(records, 'linkpath') ?? header.linkName),
    deviceMajor: header.deviceMajor,
    deviceMinor: header.deviceMinor,
    xattrs: xattrsOf(records),
    fragments: sparseness?.fragments,
  };
}

/** A PAX global header. Engines record that it exists and ignore its contents. */
export function describeGlobal(header: HeaderBlock, records: PaxRecords): TarEntry {
  return {
    ...describeEntry('global', header, { ...noExtensions, records }, 0, undefined),
    xattrs: noXattrs,
  };
}

const noXattrs: ReadonlyMap<string, Buffer> = new Map();

function entryName(header: HeaderBlock, { records, longName }: Extensions): string {
  return longName !== '' ? longName : (paxText(records, 'path') ?? header.name);
}

function xattrsOf(records: PaxRecords): ReadonlyMap<string, Buffer> {
  if (records.size === 0) return noXattrs;
  const found = [...records].filter(([key]) => key.startsWith(xattrPrefix));
  // Copies, because they are kept, and slices would keep the whole chunk of the tar alive.
  return new Map(found.map(([key, value]) => [key.slice(xattrPrefix.length), Buffer.from(value)]));
}
