import type { FileHandle } from 'node:fs/promises';
import { decompress } from 'fzstd';
import { MalformedSquashfs } from './malformed.ts';

/** A metadata block holds so many bytes, after two bytes that tell its length (bytes). */
export const blockBytes = 8192;
const plainFlag = 0x8000;
const superblockBytes = 96;
const magic = 0x7371_7368;
const zstd = 6;
/** Blocks kept for the next reader: directories lead to inodes that lie together. */
const cachedBlocks = 512;

/** Where the tables of a squashfs file are. @see Linux, Documentation/filesystems/squashfs.rst */
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
  /** Where the next one begins. */
  readonly next: number;
}

/** Reads the tables of a squashfs file, as far as its maker writes them: version 4.0, zstd. */
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
      throw new MalformedSquashfs('it is no squashfs 4 with zstd');
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

  /** Bytes of the file itself. @throws MalformedSquashfs where it ends before */
  async raw(at: number, length: number): Promise<Buffer> {
    const { bytesRead, buffer } = await this.#handle.read(Buffer.alloc(length), 0, length, at);
    if (bytesRead < length) throw new MalformedSquashfs('it is cut short');
    return buffer;
  }

  /** A reader that begins `offset` bytes into the block at `block`. */
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
      throw new MalformedSquashfs('a block of metadata has no such length');
    const stored = await this.raw(at + 2, length);
    const bytes = (header & plainFlag) === 0 ? unpack(stored) : stored;
    const found = { bytes, next: at + 2 + length };
    const [oldest] = this.#cache.keys();
    if (this.#cache.size >= cachedBlocks && oldest !== undefined) this.#cache.delete(oldest);
    this.#cache.set(at, found);
    return found;
  }
}

/** Reads on from one block of metadata into the next. */
export class MetadataCursor {
  readonly #file: MetadataFile;
  #block: number;
  #offset: number;

  constructor(file: MetadataFile, block: number, offset: number) {
    this.#file = file;
    this.#block = block;
    this.#offset = offset;
  }

  /** Where it is: the same text for the same place, also between two blocks. @throws MalformedSquashfs */
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
      if (this.#offset > bytes.length) throw new MalformedSquashfs('it leads beyond a block of metadata');
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
    throw new MalformedSquashfs('a block of metadata cannot be decompressed');
  }
}

/** @throws MalformedSquashfs for one that no file has */
export function position(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedSquashfs('it leads beyond its end');
  return Number(value);
}
