import type { PackNode } from '../layer/pack-node.ts';
import { MalformedSquashfs } from './malformed.ts';
import { position, type MetadataCursor, type MetadataFile, type Superblock } from './metadata.ts';

/** An inode. */
export interface Inode extends Omit<PackNode, 'uid' | 'gid' | 'xattrs'> {
  /** Positions in the ID table. */
  readonly uidIndex: number;
  readonly gidIndex: number;
  /** Position in the xattr table; undefined without attributes. */
  readonly xattrIndex: number | undefined;
  /**
   * Where a directory's listing is: the block in its table, the offset in the block, and the length (bytes).
   */
  readonly listing: Listing;
}

export interface Listing {
  readonly block: number;
  readonly offset: number;
  readonly length: number;
  /** Index of a long listing, which Linux uses to look up names. */
  readonly index: readonly ListingIndex[];
}

export interface ListingIndex {
  /** Bytes of the listing before this entry. */
  readonly position: number;
  readonly block: number;
  /** The first name there. */
  readonly name: string;
}

const types = ['directory', 'file', 'symlink', 'block', 'character', 'fifo', 'socket'] as const;
const noXattrs = 0xffff_ffff;
const nowhere: Listing = { block: 0, offset: 0, length: 0, index: [] };
const maxLinkBytes = 65_535;
const maxNameBytes = 256;

/** Reads an inode. @throws MalformedSquashfs */
export async function readInode(
  file: MetadataFile,
  superblock: Superblock,
  reference: bigint,
): Promise<Inode> {
  const block = superblock.inodeTable + position(reference >> 16n);
  const cursor = file.cursor(block, Number(reference & 0xffffn));
  const head = await cursor.read(16);
  const code = head.readUInt16LE(0);
  const isExtended = code > types.length;
  const type = types[(isExtended ? code - types.length : code) - 1];
  if (type === undefined) throw new MalformedSquashfs('an inode has an unknown type');
  return {
    type,
    mode: head.readUInt16LE(2),
    uidIndex: head.readUInt16LE(4),
    gidIndex: head.readUInt16LE(6),
    mtime: { seconds: head.readUInt32LE(8), nanoseconds: 0 },
    number: head.readUInt32LE(12),
    size: 0,
    linkName: '',
    deviceMajor: 0,
    deviceMinor: 0,
    xattrIndex: undefined,
    listing: nowhere,
    ...(await readRest(cursor, type, isExtended)),
  };
}

function readRest(cursor: MetadataCursor, type: Inode['type'], isExtended: boolean): Promise<Partial<Inode>> {
  switch (type) {
    case 'directory':
      return isExtended ? extendedDirectory(cursor) : directory(cursor);
    case 'file':
      return isExtended ? extendedFile(cursor) : basicFile(cursor);
    case 'symlink':
      return symlink(cursor, isExtended);
    case 'block':
    case 'character':
      return device(cursor, isExtended);
    case 'fifo':
    case 'socket':
      return other(cursor, isExtended);
  }
}

async function directory(cursor: MetadataCursor): Promise<Partial<Inode>> {
  const rest = await cursor.read(16);
  return {
    listing: {
      block: rest.readUInt32LE(0),
      length: rest.readUInt16LE(8),
      offset: rest.readUInt16LE(10),
      index: [],
    },
  };
}

async function extendedDirectory(cursor: MetadataCursor): Promise<Partial<Inode>> {
  const rest = await cursor.read(24);
  return {
    listing: {
      length: rest.readUInt32LE(4),
      block: rest.readUInt32LE(8),
      offset: rest.readUInt16LE(18),
      index: await readIndex(cursor, rest.readUInt16LE(16)),
    },
    xattrIndex: xattrIndex(rest.readUInt32LE(20)),
  };
}

async function readIndex(cursor: MetadataCursor, count: number): Promise<readonly ListingIndex[]> {
  const found: ListingIndex[] = [];
  for (let at = 0; at < count; at += 1) {
    const entry = await cursor.read(12);
    const nameBytes = entry.readUInt32LE(8) + 1;
    if (nameBytes > maxNameBytes) throw new MalformedSquashfs('a name is too long');
    const name = (await cursor.read(nameBytes)).toString('latin1');
    found.push({ position: entry.readUInt32LE(0), block: entry.readUInt32LE(4), name });
  }
  return found;
}

async function basicFile(cursor: MetadataCursor): Promise<Partial<Inode>> {
  return { size: (await cursor.read(16)).readUInt32LE(12) };
}

async function extendedFile(cursor: MetadataCursor): Promise<Partial<Inode>> {
  const rest = await cursor.read(40);
  return { size: position(rest.readBigUInt64LE(8)), xattrIndex: xattrIndex(rest.readUInt32LE(36)) };
}

async function symlink(cursor: MetadataCursor, isExtended: boolean): Promise<Partial<Inode>> {
  const length = (await cursor.read(8)).readUInt32LE(4);
  if (length > maxLinkBytes) throw new MalformedSquashfs('a link is too long');
  const linkName = (await cursor.read(length)).toString('latin1');
  return { linkName, ...(await xattrsAfter(cursor, isExtended)) };
}

/** @see Linux, include/linux/kdev_t.h, new_decode_dev */
async function device(cursor: MetadataCursor, isExtended: boolean): Promise<Partial<Inode>> {
  const number = (await cursor.read(8)).readUInt32LE(4);
  return {
    deviceMajor: (number >>> 8) & 0xfff,
    deviceMinor: (number & 0xff) | ((number >>> 12) & 0xfff00),
    ...(await xattrsAfter(cursor, isExtended)),
  };
}

async function other(cursor: MetadataCursor, isExtended: boolean): Promise<Partial<Inode>> {
  await cursor.read(4);
  return xattrsAfter(cursor, isExtended);
}

async function xattrsAfter(cursor: MetadataCursor, isExtended: boolean): Promise<Partial<Inode>> {
  return isExtended ? { xattrIndex: xattrIndex((await cursor.read(4)).readUInt32LE(0)) } : {};
}

function xattrIndex(value: number): number | undefined {
  return value === noXattrs ? undefined : value;
}
