import { open } from 'node:fs/promises';
import type { PackNode } from '../layer/pack-node.ts';
import { readInode, type Inode } from './inode.ts';
import { MalformedSquashfs } from './malformed.ts';
import { listNames } from './directory.ts';
import { MetadataFile, position, type Superblock } from './metadata.ts';
import { openXattrTable, type XattrTable } from './xattr-table.ts';

const idsInBlock = 2048;
const noXattrs: ReadonlyMap<string, Buffer> = new Map();

/** The tree of a squashfs file, without file contents. */
export class SquashfsFile {
  readonly #file: MetadataFile;
  readonly #superblock: Superblock;
  readonly #xattrs: XattrTable;
  readonly #ids = new Map<number, number>();

  private constructor(file: MetadataFile, superblock: Superblock, xattrs: XattrTable) {
    this.#file = file;
    this.#superblock = superblock;
    this.#xattrs = xattrs;
  }

  /** Opens `path` while `use` runs. @throws MalformedSquashfs; errors of `use` */
  static async use<T>(path: string, use: (file: SquashfsFile) => Promise<T>): Promise<T> {
    const handle = await open(path, 'r');
    try {
      const file = new MetadataFile(handle);
      const superblock = await file.superblock();
      return await use(new SquashfsFile(file, superblock, await openXattrTable(file, superblock)));
    } finally {
      await handle.close();
    }
  }

  /**
   * Walks the directory `top`, parents first. Paths are relative to `top` (bytes as `latin1`, '' for itself).
   * `top` is a name in the root directory.
   * @throws MalformedSquashfs, also if there is no such directory
   */
  async *walk(top: string): AsyncGenerator<readonly [string, PackNode]> {
    const root = await this.#inode(this.#superblock.rootInode);
    for await (const [name, reference] of this.#list(root)) {
      if (name === top) yield* this.#below('', reference);
    }
  }

  async *#below(path: string, reference: bigint): AsyncGenerator<readonly [string, PackNode]> {
    const waiting: (readonly [string, bigint])[] = [[path, reference]];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [at, inodeReference] = next;
      const inode = await this.#inode(inodeReference);
      yield [at, await this.#node(inode)];
      if (inode.type !== 'directory') continue;
      for await (const [name, child] of this.#list(inode)) {
        waiting.push([at === '' ? name : `${at}/${name}`, child]);
      }
    }
  }

  #inode(reference: bigint): Promise<Inode> {
    return readInode(this.#file, this.#superblock, reference);
  }

  async #node({ uidIndex, gidIndex, xattrIndex, ...inode }: Inode): Promise<PackNode> {
    const xattrs = xattrIndex === undefined ? noXattrs : await this.#xattrs.read(xattrIndex);
    return { ...inode, uid: await this.#id(uidIndex), gid: await this.#id(gidIndex), xattrs };
  }

  async #id(index: number): Promise<number> {
    const known = this.#ids.get(index);
    if (known !== undefined) return known;
    const { ids, idTable } = this.#superblock;
    if (index >= ids) throw new MalformedSquashfs('an owner is not in the ID table');
    const slot = await this.#file.raw(idTable + 8 * Math.floor(index / idsInBlock), 8);
    const cursor = this.#file.cursor(position(slot.readBigUInt64LE(0)), (index % idsInBlock) * 4);
    const id = (await cursor.read(4)).readUInt32LE(0);
    this.#ids.set(index, id);
    return id;
  }

  /** Names of a directory, with the references of their inodes. */
  async *#list({ type, listing }: Inode): AsyncGenerator<readonly [string, bigint]> {
    if (type !== 'directory') throw new MalformedSquashfs('an expected directory is not one');
    const names = listNames(this.#file, this.#superblock, listing);
    for await (const { name, reference } of names) yield [name, reference];
  }
}
