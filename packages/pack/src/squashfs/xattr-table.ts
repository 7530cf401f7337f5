import { MalformedSquashfs } from './malformed.ts';
import { position, type MetadataFile, type Superblock } from './metadata.ts';

const prefixes = ['user.', 'trusted.', 'security.'];
/** Flag of a value that is stored elsewhere. */
const elsewhereFlag = 0x100;
const entryBytes = 16;
const entriesInBlock = 8192 / entryBytes;
/** Linux's limits (bytes, and attributes per file). */
const maxValueBytes = 65_536;
const maxXattrs = 4096;

/** The extended attributes of files, by position in the table. */
export interface XattrTable {
  /** @throws MalformedSquashfs */
  read(index: number): Promise<ReadonlyMap<string, Buffer>>;
}

/** Opens the xattr table of a squashfs file, which may be absent. @throws MalformedSquashfs */
export async function openXattrTable(file: MetadataFile, { xattrTable }: Superblock): Promise<XattrTable> {
  if (xattrTable === undefined)
    return {
      read: () =>
        Promise.reject(new MalformedSquashfs('an inode refers to attributes, but there is no table')),
    };
  const head = await file.raw(xattrTable, 16);
  const values = position(head.readBigUInt64LE(0));
  const count = head.readUInt32LE(8);
  return {
    async read(index) {
      if (index >= count) throw new MalformedSquashfs('an inode refers to attributes that do not exist');
      const slot = xattrTable + 16 + 8 * Math.floor(index / entriesInBlock);
      const block = position((await file.raw(slot, 8)).readBigUInt64LE(0));
      const entry = await file.cursor(block, (index % entriesInBlock) * entryBytes).read(entryBytes);
      return readXattrs(file, values, entry.readBigUInt64LE(0), entry.readUInt32LE(8));
    },
  };
}

async function readXattrs(
  file: MetadataFile,
  values: number,
  reference: bigint,
  count: number,
): Promise<ReadonlyMap<string, Buffer>> {
  if (count > maxXattrs) throw new MalformedSquashfs('a file has too many attributes');
  const cursor = cursorAt(file, values, reference);
  const found = new Map<string, Buffer>();
  for (let at = 0; at < count; at += 1) {
    const key = await cursor.read(4);
    const [type, length] = [key.readUInt16LE(0), key.readUInt16LE(2)];
    const prefix = prefixes[type & 0xff];
    if (prefix === undefined) throw new MalformedSquashfs('an attribute has an unknown kind');
    const name = `${prefix}${(await cursor.read(length)).toString('latin1')}`;
    const value = await readValue(cursor);
    found.set(name, (type & elsewhereFlag) === 0 ? value : await readValue(elsewhere(file, values, value)));
  }
  return found;
}

async function readValue(cursor: ReturnType<MetadataFile['cursor']>): Promise<Buffer> {
  const length = (await cursor.read(4)).readUInt32LE(0);
  if (length > maxValueBytes) throw new MalformedSquashfs('an attribute is too long');
  return cursor.read(length);
}

function elsewhere(file: MetadataFile, values: number, place: Buffer): ReturnType<MetadataFile['cursor']> {
  if (place.length !== 8) throw new MalformedSquashfs('an attribute has an invalid reference');
  return cursorAt(file, values, place.readBigUInt64LE(0));
}

function cursorAt(file: MetadataFile, values: number, reference: bigint): ReturnType<MetadataFile['cursor']> {
  return file.cursor(values + position(reference >> 16n), Number(reference & 0xffffn));
}
