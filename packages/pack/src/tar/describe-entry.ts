import type { HeaderBlock } from './header-block.ts';
import { MalformedTar } from './malformed.ts';
import { paxNumber, paxText, paxTime, type PaxRecords } from './pax-records.ts';
import type { Fragment, TarEntry, TarEntryType } from './tar-entry.ts';

/** What stood before a header block and tells more of its entry. */
export interface Extensions {
  readonly records: PaxRecords;
  /** Of GNU's long name and long link entries; empty for none. */
  readonly longName: string;
  readonly longLink: string;
}

/** No extensions. */
export const noExtensions: Extensions = { records: new Map(), longName: '', longLink: '' };

/** Where the bytes of a sparse file belong. */
export interface Sparseness {
  readonly fragments: readonly Fragment[];
  /** With its holes (bytes). */
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

/** What kind of entry a header block begins. @throws MalformedTar for a kind that engines do not extract */
export function entryType(header: HeaderBlock, extensions: Extensions): TarEntryType {
  const type = types[header.typeFlag];
  if (type === undefined) {
    throw new MalformedTar(`an entry is of the unknown type ${JSON.stringify(header.typeFlag)}`);
  }
  // Before POSIX a slash at the end was the only mark of a directory.
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

/** Puts together what a header block and its extensions say. @throws MalformedTar */
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

/** A PAX global header, of which engines take nothing but that it is there. */
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
  // Copies: they are kept, and the chunk of the tar that they are in shall not be.
  return new Map(found.map(([key, value]) => [key.slice(xattrPrefix.length), Buffer.from(value)]));
}
