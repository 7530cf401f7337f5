import type { FileHandle } from 'node:fs/promises';
import { decompress } from 'fzstd';
import { MalformedSquashfs } from './malformed.ts';

/** Size of an uncompressed metadata block (bytes). Each block follows two bytes with its length. */
export const blockBytes = 8192;
const plainFlag = 0x8000;
const superblockBytes = 96;
const magic = 0x7371_7368;
const zstd = 6;
/** Number of cached blocks: the inodes of a directory lie together. */
const cachedBlocks = 512;

/** The positions of a squashfs file's tables. @see Linux, Documentation/filesystems/squashfs.rst */
export interface Superblock {
  readonly ids: number;
  readonly rootInode: bigint;
  readonly idTable: number;
  readonly xattrTable: number | undefined;
  readonly inodeTable: number;
  readonly directoryTable: number;
}

interface MetadataBlock {
  readonly bytes: Buffer;
  /** Start of the next block. */
  readonly next: number;
}

/** Reads the tables of squashfs files as drayage's packs have them: version 4.0, zstd. */
export class MetadataFile {
  readonly #handle: FileHandle;
  readonly #cache = new Map<number, MetadataBlock>();

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @throws MalformedSquashfs */
  async superblock(): Promise<Superblock> {
    const bytes = await this.raw(0, superblockBytes);
    const isKnown = bytes.readUInt32LE(0) === magic && bytes.readUInt16LE(28) === 4;
    if (!isKnown || bytes.readUInt16LE(20) !== zstd)
      throw new MalformedSquashfs('it is not squashfs 4 with zstd');
    const xattrs = bytes.readBigUInt64LE(56);
    return {
      ids: bytes.readUInt16LE(26),
      rootInode: bytes.readBigUInt64LE(32),
      idTable: position(bytes.readBigUInt64LE(48)),
      xattrTable: xattrs === 0xffff_ffff_ffff_ffffn ? undefined : position(xattrs),
      inodeTable: position(bytes.readBigUInt64LE(64)),
      directoryTable: position(bytes.readBigUInt64LE(72)),
    };
  }

  /** Reads bytes of the file itself. @throws MalformedSquashfs if the file ends earlier */
  async raw(at: number, length: number): Promise<Buffer> {
    const { bytesRead, buffer } = await this.#handle.read(Buffer.alloc(length), 0, length, at);
    if (bytesRead < length) throw new MalformedSquashfs('it is truncated');
    return buffer;
  }

  /** A cursor that starts `offset` bytes into the block at `block`. */
  cursor(block: number, offset: number): MetadataCursor {
    return new MetadataCursor(this, block, offset);
  }

  /** @throws MalformedSquashfs */
  async block(at: number): Promise<MetadataBlock> {
    const cached = this.#cache.get(at);
    if (cached !== undefined) return cached;
    const header = (await this.raw(at, 2)).readUInt16LE(0);
    const length = header & (plainFlag - 1);
    if (length === 0 || length > blockBytes)
      throw new MalformedSquashfs('a metadata block has an invalid length');
    const stored = await this.raw(at + 2, length);
    const bytes = (header & plainFlag) === 0 ? unpack(stored) : stored;
    const found = { bytes, next: at + 2 + length };
    const [oldest] = this.#cache.keys();
    if (this.#cache.size >= cachedBlocks && oldest !== undefined) this.#cache.delete(oldest);
    this.#cache.set(at, found);
    return found;
  }
}

/** Reads metadata sequentially across blocks. */
export class MetadataCursor {
  readonly #file: MetadataFile;
  #block: number;
  #offset: number;

  constructor(file: MetadataFile, block: number, offset: number) {
    this.#file = file;
    this.#block = block;
    this.#offset = offset;
  }

  /**
   * The current position: equal text for equal positions, also at a block boundary.
   * @throws MalformedSquashfs
   */
  async place(): Promise<string> {
    const { bytes, next } = await this.#file.block(this.#block);
    if (this.#offset === bytes.length) [this.#block, this.#offset] = [next, 0];
    return `${String(this.#block)}+${String(this.#offset)}`;
  }

  /** @throws MalformedSquashfs */
  async read(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      const { bytes, next } = await this.#file.block(this.#block);
      if (this.#offset > bytes.length) throw new MalformedSquashfs('an offset is beyond its metadata block');
      const piece = bytes.subarray(this.#offset, this.#offset + missing);
      this.#offset += piece.length;
      missing -= piece.length;
      pieces.push(piece);
      if (missing > 0) [this.#block, this.#offset] = [next, 0];
    }
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  }
}

function unpack(stored: Buffer): Buffer {
  try {
    return Buffer.from(decompress(stored, new Uint8Array(blockBytes)));
  } catch {
    throw new MalformedSquashfs('a metadata block cannot be decompressed');
  }
}

/** Converts a file position. @throws MalformedSquashfs for an impossible one */
export function position(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new MalformedSquashfs('an offset is beyond the end of the file');
  return Number(value);
}
