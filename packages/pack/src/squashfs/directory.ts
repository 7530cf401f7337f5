import type { Listing } from './inode.ts';
import { MalformedSquashfs } from './malformed.ts';
import { blockBytes, type MetadataFile, type Superblock } from './metadata.ts';

export interface ListedName {
  /** Bytes (`latin1`). */
  readonly name: string;
  /** Reference of its inode. */
  readonly reference: bigint;
}

/**
 * The names of a directory, in order. Rejects listings in which a lookup could find other entries: names must
 * be sorted, and index entries must point to where they begin.
 * @throws MalformedSquashfs
 */
export async function* listNames(
  file: MetadataFile,
  { directoryTable }: Superblock,
  { block, offset, length, index }: Listing,
): AsyncGenerator<ListedName> {
  const cursor = file.cursor(directoryTable + block, offset);
  const cuts = new Map<string, string>();
  for (const cut of index) {
    const target = file.cursor(directoryTable + cut.block, (cut.position + offset) % blockBytes);
    cuts.set(await target.place(), cut.name);
  }
  let last: string | undefined;
  // The length counts "." and "..", which are not stored, as three bytes.
  for (let left = length - 3; left > 0;) {
    const place = await cursor.place();
    const head = await cursor.read(12);
    left -= 12;
    const start = BigInt(head.readUInt32LE(4)) << 16n;
    for (let at = 0; at <= head.readUInt32LE(0); at += 1) {
      const entry = await cursor.read(8);
      const nameBytes = entry.readUInt16LE(6) + 1;
      const name = (await cursor.read(nameBytes)).toString('latin1');
      left -= 8 + nameBytes;
      checkName(name, last, left);
      last = name;
      if (at === 0 && cuts.get(place) === name) cuts.delete(place);
      yield { name, reference: start | BigInt(entry.readUInt16LE(0)) };
    }
  }
  if (cuts.size > 0) throw new MalformedSquashfs('the index of a directory points to a wrong place');
}

function checkName(name: string, last: string | undefined, left: number): void {
  if (left < 0 || name.includes('/') || name === '.' || name === '..') {
    throw new MalformedSquashfs('a directory has an impossible name');
  }
  if (last !== undefined && name <= last) throw new MalformedSquashfs('a directory is not sorted');
}
