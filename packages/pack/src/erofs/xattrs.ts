import { MalformedErofs, type ErofsBytes } from './erofs-bytes.ts';
import { xxh32 } from './xxh32.ts';

const prefixes: Readonly<Record<number, string>> = {
  1: 'user.',
  2: 'system.posix_acl_access',
  3: 'system.posix_acl_default',
  4: 'trusted.',
  6: 'security.',
};
/** Linux looks up no attribute whose bit is set in an inode's filter. */
const filterSeed = 0x25bb_e08f;
const headBytes = 12;
const entryBytes = 4;

/** Bytes of the attributes that follow an inode. `count`: the count in the inode. */
export function xattrBytes(count: number): number {
  return count === 0 ? 0 : headBytes + entryBytes * (count - 1);
}

/**
 * The extended attributes of an inode: its own ones, and those that it shares with others. `shared`: position
 * of the shared ones.
 * @throws MalformedErofs
 */
export function readXattrs(
  file: ErofsBytes,
  { at, bytes }: { readonly at: number; readonly bytes: number },
  shared: number,
): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  if (bytes === 0) return found;
  const inodeHead = file.read(at, headBytes);
  const filter = inodeHead.readUInt32LE(0);
  const add = (place: number): number => {
    const head = file.read(place, entryBytes);
    const [nameBytes, kind, valueBytes] = [head.readUInt8(0), head.readUInt8(1), head.readUInt16LE(2)];
    const prefix = prefixes[kind];
    if (prefix === undefined) throw new MalformedErofs('an attribute has an unknown kind');
    const rest = file.read(place + entryBytes, nameBytes + valueBytes);
    const name = `${prefix}${rest.toString('latin1', 0, nameBytes)}`;
    const bit = xxh32(rest.subarray(0, nameBytes), filterSeed + kind) & 31;
    if (((filter >>> bit) & 1) === 1) throw new MalformedErofs(`a file hides its attribute ${name}`);
    if (found.has(name)) throw new MalformedErofs('a file has an attribute twice');
    found.set(name, rest.subarray(nameBytes));
    return Math.ceil((entryBytes + rest.length) / entryBytes) * entryBytes;
  };
  const sharedCount = inodeHead.readUInt8(4);
  const ids = file.read(at + headBytes, sharedCount * 4);
  let next = at + headBytes + ids.length;
  while (next < at + bytes) next += add(next);
  if (next !== at + bytes) throw new MalformedErofs('the attributes of a file have an impossible length');
  for (let id = 0; id < sharedCount; id += 1) add(shared + 4 * ids.readUInt32LE(4 * id));
  return found;
}
