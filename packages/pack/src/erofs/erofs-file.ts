import { closeSync, openSync } from 'node:fs';
import type { PackNode } from '../layer/pack-node.ts';
import { ErofsBytes, MalformedErofs, position } from './erofs-bytes.ts';
import { readXattrs, xattrBytes } from './xattrs.ts';

// Linux, fs/erofs/erofs_fs.h; numbers there are little-endian.
const superblockAt = 1024;
const superblockBytes = 128;
const magic = 0xe0f5_e1e2;
/** Checksum, times of files, and filters of attribute names. */
const knownCompatible = 0x7;
/** How files are compressed or cut into chunks; the contents are compared elsewhere. */
const knownIncompatible = 0x37;
const slotBytes = 32;
const direntBytes = 12;
const maxLinkBytes = 65_535;
const types: Readonly<Record<number, PackNode['type']>> = {
  ...{ 1: 'fifo', 2: 'character', 4: 'directory', 6: 'block', 8: 'file', 10: 'symlink', 12: 'socket' },
};

interface Superblock {
  readonly blockBytes: number;
  readonly rootInode: number;
  /** Positions of the tables (bytes). */
  readonly inodes: number;
  readonly xattrs: number;
  /** Time of all short inodes. */
  readonly time: PackNode['mtime'];
}

interface Inode extends PackNode {
  /** Bytes of a directory or symbolic link; empty for others. */
  readonly data: Buffer;
}

/** The tree of an EROFS file, without file contents. Reads what `mkfs.erofs` makes of a tar. */
export class ErofsFile {
  readonly #bytes: ErofsBytes;
  readonly #superblock: Superblock;

  private constructor(bytes: ErofsBytes) {
    this.#bytes = bytes;
    this.#superblock = readSuperblock(bytes);
  }

  /** Opens `path` while `use` runs. @throws MalformedErofs; errors of `use` */
  static async use<T>(path: string, use: (file: ErofsFile) => Promise<T>): Promise<T> {
    const descriptor = openSync(path, 'r');
    try {
      return await use(new ErofsFile(new ErofsBytes(descriptor)));
    } finally {
      closeSync(descriptor);
    }
  }

  /**
   * Walks the directory `top`, parents first. Paths are relative to `top` (bytes as `latin1`, '' for itself).
   * `top` is a name in the root directory.
   * @throws MalformedErofs
   */
  *walk(top: string): Generator<readonly [string, PackNode]> {
    const found = this.#list(this.#inode(this.#superblock.rootInode)).filter(([name]) => name === top);
    const waiting = found.map(([, number]): readonly [string, number] => ['', number]);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [path, number] = next;
      const inode = this.#inode(number);
      yield [path, inode];
      if (inode.type !== 'directory') continue;
      for (const [name, child] of this.#list(inode))
        waiting.push([path === '' ? name : `${path}/${name}`, child]);
    }
  }

  #inode(number: number): Inode {
    const { inodes, xattrs, time } = this.#superblock;
    const at = inodes + number * slotBytes;
    const format = this.#bytes.read(at, 2).readUInt16LE(0);
    const isLong = (format & 1) === 1;
    const bytes = this.#bytes.read(at, isLong ? 64 : 32);
    const mode = bytes.readUInt16LE(4);
    const type = types[mode >>> 12];
    if (type === undefined) throw new MalformedErofs('an inode has an unknown type');
    const size = isLong ? position(bytes.readBigUInt64LE(8)) : bytes.readUInt32LE(8);
    const attributes = { at: at + bytes.length, bytes: xattrBytes(bytes.readUInt16LE(2)) };
    const place = { layout: (format >>> 1) & 7, block: bytes.readUInt32LE(16) };
    const hasData = type === 'directory' || type === 'symlink';
    if (type === 'symlink' && size > maxLinkBytes) throw new MalformedErofs('a link is too long');
    const data = hasData ? this.#data(place, size, attributes.at + attributes.bytes) : Buffer.alloc(0);
    return {
      ...{ type, number, mode, data },
      uid: isLong ? bytes.readUInt32LE(24) : bytes.readUInt16LE(24),
      gid: isLong ? bytes.readUInt32LE(28) : bytes.readUInt16LE(26),
      mtime: isLong ? timeAt(bytes, 32) : time,
      size: type === 'file' ? size : 0,
      linkName: type === 'symlink' ? data.toString('latin1') : '',
      ...deviceOf(type, place.block),
      xattrs: readXattrs(this.#bytes, attributes, xattrs),
    };
  }

  /** `end`: where the inode and its attributes end. */
  #data({ layout, block }: { layout: number; block: number }, size: number, end: number): Buffer {
    const { blockBytes } = this.#superblock;
    if (size === 0) return Buffer.alloc(0);
    // 0: in blocks; 2: the last block follows the inode.
    if (layout !== 0 && layout !== 2) throw new MalformedErofs('a directory or link is compressed');
    const inBlocks = layout === 0 ? size : (Math.ceil(size / blockBytes) - 1) * blockBytes;
    const tail = size - inBlocks;
    if ((end % blockBytes) + tail > blockBytes && tail > 0)
      throw new MalformedErofs('data that follows an inode crosses a block');
    return Buffer.concat([this.#bytes.read(block * blockBytes, inBlocks), this.#bytes.read(end, tail)]);
  }

  /**
   * The names of a directory and the numbers of their inodes. Requires sorted names, because Linux would find
   * other entries otherwise.
   */
  #list({ type, data }: Inode): (readonly [string, number])[] {
    if (type !== 'directory') throw new MalformedErofs('an expected directory is not one');
    const { blockBytes } = this.#superblock;
    const found: (readonly [string, number])[] = [];
    for (let at = 0; at < data.length; at += blockBytes) {
      found.push(...listBlock(data.subarray(at, at + blockBytes)));
    }
    const isSorted = found.every(([name], at) => at === 0 || (found[at - 1]?.[0] ?? '') < name);
    if (!isSorted) throw new MalformedErofs('a directory is not sorted');
    return found.filter(([name]) => name !== '.' && name !== '..');
  }
}

function readSuperblock(file: ErofsBytes): Superblock {
  const bytes = file.read(superblockAt, superblockBytes);
  if (bytes.readUInt32LE(0) !== magic) throw new MalformedErofs('it is not EROFS');
  const isKnown =
    (bytes.readUInt32LE(8) & ~knownCompatible) === 0 &&
    (bytes.readUInt32LE(80) & ~knownIncompatible) === 0 &&
    bytes.readUInt8(90) === 0;
  const bits = bytes.readUInt8(12);
  if (!isKnown || bits < 9 || bits > 16)
    throw new MalformedErofs('it has features of EROFS that cannot be checked');
  const blockBytes = 2 ** bits;
  return {
    blockBytes,
    rootInode: bytes.readUInt16LE(14),
    inodes: bytes.readUInt32LE(40) * blockBytes,
    xattrs: bytes.readUInt32LE(44) * blockBytes,
    time: timeAt(bytes, 24),
  };
}

function timeAt(bytes: Buffer, at: number): PackNode['mtime'] {
  return { seconds: Number(bytes.readBigInt64LE(at)), nanoseconds: bytes.readUInt32LE(at + 8) };
}

/** @see Linux, include/linux/kdev_t.h, new_decode_dev */
function deviceOf(type: PackNode['type'], number: number): Pick<PackNode, 'deviceMajor' | 'deviceMinor'> {
  if (type !== 'block' && type !== 'character') return { deviceMajor: 0, deviceMinor: 0 };
  return {
    deviceMajor: (number >>> 8) & 0xfff,
    deviceMinor: (number & 0xff) | ((number >>> 12) & 0xfff00),
  };
}

/** The entries of one block: fixed-size heads, then the names; the last may end at a NUL. */
function listBlock(block: Buffer): readonly (readonly [string, number])[] {
  const namesAt = block.length < direntBytes ? 0 : block.readUInt16LE(8);
  const count = namesAt / direntBytes;
  if (count < 1 || !Number.isInteger(count) || namesAt > block.length)
    throw new MalformedErofs('a directory has no entries where they belong');
  return Array.from({ length: count }, (_, at) => {
    const head = at * direntBytes;
    const start = block.readUInt16LE(head + 8);
    const isLast = at + 1 === count;
    const next = isLast ? block.length : block.readUInt16LE(head + direntBytes + 8);
    const name = block.toString('latin1', start, next);
    const cut = isLast ? name.replace(/\0.*$/s, '') : name;
    if (next < start || next > block.length || cut === '' || /[/\0]/.test(cut))
      throw new MalformedErofs('a directory has an impossible name');
    return [cut, position(block.readBigUInt64LE(head))];
  });
}
