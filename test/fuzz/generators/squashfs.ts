import fc from 'fast-check';

/** A node of a squashfs file. Names and links are bytes (`latin1`). */
export interface ModelNode {
  readonly kind: 'directory' | 'file' | 'symlink' | 'character' | 'fifo';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  /** Of a file (bytes). */
  readonly size: number;
  readonly linkName: string;
  /** Of a file. */
  readonly xattrs: Readonly<Record<string, string>>;
  readonly children: Readonly<Record<string, ModelNode>>;
}

const codes = { directory: 1, file: 2, symlink: 3, character: 5, fifo: 6 } as const;
const extendedFile = 9;
const blockBytes = 8192;
const none = 0xffff_ffff;
const xattrKinds = ['user.', 'trusted.', 'security.'];

const attributes = {
  mode: fc.constantFrom(0o644, 0o755, 0o4711),
  uid: fc.constantFrom(0, 1, 1000, 2 ** 32 - 2),
  gid: fc.constantFrom(0, 1, 1000, 2 ** 32 - 2),
  mtime: fc.constantFrom(0, 1_700_000_000, 2 ** 32 - 1),
};
const names = fc.oneof(
  fc.stringMatching(/^[a-z]{1,8}$/),
  fc.stringMatching(/^[\u0080-\u00ff]{1,4}$/),
  fc.constant('n'.repeat(255)),
);
const xattrs = fc.dictionary(
  fc.constantFrom('user.a', 'trusted.b', 'security.capability'),
  fc.stringMatching(/^[a-z]{0,9}$/),
  {
    maxKeys: 3,
  },
);

const leaves: fc.Arbitrary<ModelNode> = fc.record({
  ...attributes,
  kind: fc.constantFrom('file', 'file', 'symlink', 'character', 'fifo'),
  size: fc.oneof(fc.nat(5000), fc.constantFrom(2 ** 31, 2 ** 32 - 1)),
  linkName: fc.constantFrom('a', '/etc/passwd', 'z'.repeat(300)),
  xattrs,
  children: fc.constant({}),
});

/** A directory with up to three levels below it. */
export const trees: fc.Arbitrary<ModelNode> = directories(2);

function directories(depth: number): fc.Arbitrary<ModelNode> {
  const children =
    depth === 0
      ? leaves
      : fc.oneof({ arbitrary: leaves, weight: 3 }, { arbitrary: directories(depth - 1), weight: 1 });
  return fc.record({
    ...attributes,
    kind: fc.constant('directory'),
    size: fc.constant(0),
    linkName: fc.constant(''),
    xattrs: fc.constant({}),
    children: fc.dictionary(names, children, { maxKeys: 6 }),
  });
}

/** Metadata that grows: blocks of 8 KiB, each after two bytes with its length. */
class Metadata {
  #bytes = Buffer.alloc(0);

  /** Where the next bytes go: the block's place in the table, and the offset in the block. */
  get place(): { readonly block: number; readonly offset: number } {
    const full = Math.floor(this.#bytes.length / blockBytes);
    return { block: full * (blockBytes + 2), offset: this.#bytes.length % blockBytes };
  }

  add(...pieces: readonly Buffer[]): void {
    this.#bytes = Buffer.concat([this.#bytes, ...pieces]);
  }

  /** Uncompressed blocks. */
  table(): Buffer {
    const blocks: Buffer[] = [];
    for (let at = 0; at < this.#bytes.length; at += blockBytes) {
      const block = this.#bytes.subarray(at, at + blockBytes);
      blocks.push(u16(0x8000 | block.length), block);
    }
    return Buffer.concat(blocks);
  }
}

interface Written {
  readonly block: number;
  readonly offset: number;
  readonly number: number;
  readonly code: number;
}

/**
 * A squashfs file, version 4.0 with uncompressed metadata, that has `tree` as the directory `top` of its
 * root. Written from the format's description, independent of the reader under test.
 * @see Linux, Documentation/filesystems/squashfs.rst
 */
export function squashfsBytes(top: string, tree: ModelNode): Buffer {
  const [inodes, listings, values, lookups] = [
    new Metadata(),
    new Metadata(),
    new Metadata(),
    new Metadata(),
  ];
  const ids: number[] = [];
  let numbers = 0;
  let sets = 0;
  const idOf = (id: number): number => (ids.includes(id) ? ids.indexOf(id) : ids.push(id) - 1);
  const xattrsOf = (set: ModelNode['xattrs']): number => {
    const { block, offset } = values.place;
    values.add(...Object.entries(set).map(xattrBytes));
    lookups.add(u64((BigInt(block) << 16n) | BigInt(offset)), u32(Object.keys(set).length), u32(0));
    sets += 1;
    return sets - 1;
  };
  const write = (node: ModelNode): Written => {
    const children = Object.entries(node.children)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, child]) => [name, write(child)] as const);
    const code =
      node.kind === 'file' && Object.keys(node.xattrs).length > 0 ? extendedFile : codes[node.kind];
    const body = node.kind === 'directory' ? writeListing(listings, children) : leafBody(node, xattrsOf);
    const place = inodes.place;
    numbers += 1;
    inodes.add(
      u16(code),
      u16(node.mode),
      u16(idOf(node.uid)),
      u16(idOf(node.gid)),
      u32(node.mtime),
      u32(numbers),
      body,
    );
    return { ...place, number: numbers, code };
  };
  const root = write({ ...tree, children: { [top]: tree } });
  const idBlock = new Metadata();
  idBlock.add(...ids.map(u32));
  return layOut({
    root,
    ids: ids.length,
    sets,
    tables: [inodes, listings, idBlock, values, lookups].map((each) => each.table()),
  });
}

function leafBody(node: ModelNode, xattrsOf: (set: ModelNode['xattrs']) => number): Buffer {
  switch (node.kind) {
    case 'file':
      return Object.keys(node.xattrs).length === 0
        ? Buffer.concat([u32(0), u32(none), u32(0), u32(node.size)])
        : Buffer.concat([
            u64(0n),
            u64(BigInt(node.size)),
            u64(0n),
            u32(1),
            u32(none),
            u32(0),
            u32(xattrsOf(node.xattrs)),
          ]);
    case 'symlink':
      return Buffer.concat([u32(1), u32(node.linkName.length), Buffer.from(node.linkName, 'latin1')]);
    case 'character':
      return Buffer.concat([u32(1), u32((10 << 8) | 237)]);
    case 'fifo':
    case 'directory':
      return u32(1);
  }
}

/** Writes the names of a directory; returns the rest of its inode. */
function writeListing(listings: Metadata, children: readonly (readonly [string, Written])[]): Buffer {
  const { block, offset } = listings.place;
  const pieces = children.map(([name, { block: start, offset: at, number, code }]) => {
    const entry = [u16(at), u16(0), u16(code === extendedFile ? codes.file : code), u16(name.length - 1)];
    return Buffer.concat([u32(0), u32(start), u32(number), ...entry, Buffer.from(name, 'latin1')]);
  });
  listings.add(...pieces);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 3);
  return Buffer.concat([u32(block), u32(2), u16(length), u16(offset), u32(0)]);
}

function xattrBytes([name, value]: readonly [string, string]): Buffer {
  const kind = xattrKinds.findIndex((prefix) => name.startsWith(prefix));
  const rest = name.slice(xattrKinds[kind]?.length);
  return Buffer.concat([
    u16(kind),
    u16(rest.length),
    Buffer.from(rest),
    u32(value.length),
    Buffer.from(value),
  ]);
}

interface Layout {
  readonly root: Written;
  readonly ids: number;
  readonly sets: number;
  /** Inodes, listings, owners, values of xattrs, sets of xattrs. */
  readonly tables: readonly Buffer[];
}

function layOut({ root, ids, sets, tables }: Layout): Buffer {
  const starts: bigint[] = [];
  let end = 96;
  for (const table of tables) {
    starts.push(BigInt(end));
    end += table.length;
  }
  const [inodes = 0n, listings = 0n, owners = 0n, values = 0n, lookups = 0n] = starts;
  const idTable = BigInt(end);
  const xattrTable = sets === 0 ? 0xffff_ffff_ffff_ffffn : idTable + 8n;
  const xattrHead = Buffer.concat([u64(values), u32(sets), u32(0), u64(lookups)]);
  const head = Buffer.concat([
    ...[u32(0x7371_7368), u32(root.number), u32(0), u32(131_072), u32(0), u16(6), u16(17), u16(0)],
    ...[u16(ids), u16(4), u16(0), u64((BigInt(root.block) << 16n) | BigInt(root.offset)), u64(idTable)],
    ...[u64(idTable), u64(xattrTable), u64(inodes), u64(listings), u64(0n), u64(0n)],
  ]);
  return Buffer.concat([head, ...tables, u64(owners), ...(sets === 0 ? [] : [xattrHead])]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
