import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseErofsRoot, parseSquashfsRoot } from '../../../packages/pack/src/reader/root-listing.ts';
import { MalformedSquashfs } from '../../../packages/pack/src/squashfs/malformed.ts';
import type { PackNode } from '../../../packages/pack/src/layer/pack-node.ts';
import { SquashfsFile } from '../../../packages/pack/src/squashfs/squashfs-file.ts';
import { claim, claimEqual } from '../claims.ts';
import { mutated, rawBytes } from '../generators/bytes.ts';
import { squashfsBytes, trees, type ModelNode } from '../generators/squashfs.ts';
import { pieced, repeated } from '../generators/text.ts';
import { scratchDirectory } from '../scratch.ts';
import { defineTarget, type Target } from '../target.ts';

const top = 'c'.repeat(64);
/** Like the comparison with a layer, which stops at the first path that it does not expect. */
const maxNodes = 2000;

/** The nodes of a file; undefined if it is refused. */
async function nodesOf(bytes: Buffer): Promise<ReadonlyMap<string, PackNode> | undefined> {
  const path = join(scratchDirectory(), 'pack');
  writeFileSync(path, bytes);
  const nodes = new Map<string, PackNode>();
  try {
    await SquashfsFile.use(path, async (file) => {
      for await (const [at, node] of file.walk(top)) {
        claim(!nodes.has(at), 'a path appears twice');
        nodes.set(at, node);
        if (nodes.size > maxNodes) return;
      }
    });
    return nodes;
  } catch (error) {
    if (!(error instanceof MalformedSquashfs)) throw error;
    return undefined;
  }
}

const written = defineTarget('squashfs-written', trees, async (tree) => {
  const nodes = await nodesOf(squashfsBytes(top, tree));
  claim(nodes !== undefined, 'a valid file is refused');
  const read = [...nodes].map(([path, node]) => [path, plain(node)] as const);
  claimEqual(new Map(read), new Map(expected('', tree)), 'it is read differently');
});

function plain({ type, mode, uid, gid, mtime, size, linkName, xattrs }: PackNode): unknown {
  const texts = [...xattrs].map(([name, value]): [string, string] => [name, value.toString()]);
  return {
    kind: type,
    mode,
    uid,
    gid,
    mtime: mtime.seconds,
    size,
    linkName,
    xattrs: Object.fromEntries(texts),
  };
}

function expected(path: string, node: ModelNode): readonly (readonly [string, unknown])[] {
  const { kind, children, linkName, size, xattrs, ...rest } = node;
  const own = {
    ...{ kind, ...rest },
    size: kind === 'file' ? size : 0,
    linkName: kind === 'symlink' ? linkName : '',
    xattrs: kind === 'file' ? { ...xattrs } : {},
  };
  const below = Object.entries(children).flatMap(([name, child]) =>
    expected(path === '' ? name : `${path}/${name}`, child),
  );
  return [[path, own], ...below];
}

const hostile = defineTarget(
  'squashfs',
  fc.oneof(
    {
      arbitrary: mutated(
        trees.map((tree) => squashfsBytes(top, tree)),
        4,
      ),
      weight: 19,
    },
    { arbitrary: rawBytes(), weight: 1 },
  ),
  async (bytes) => {
    for (const [path, node] of (await nodesOf(bytes)) ?? []) {
      claim(!path.split('/').some((name) => name === '..' || name === '.'), 'a path leads elsewhere');
      claim(Number.isSafeInteger(node.size) && node.size >= 0, 'a size is no count of bytes');
    }
  },
);

const listingPieces = [
  ...['drwxr-xr-x 0/0 3 2024-01-01 00:00 root', '/', 'lrwxrwxrwx 0/0 1 2024-01-01 00:00 root/a -> /', '\n'],
  ...[
    'crw-rw-rw- 0/0 1, 3 2024-01-01 00:00 root/null',
    'a'.repeat(64),
    ' -> ',
    ' ',
    'NID TYPE  FILENAME',
    '37 2  ',
  ],
  ...['36 7  link', '.', '..', '2024-01-01 00:00 root', '\u001b[1m'],
];
const listings = fc.oneof(
  { arbitrary: pieced(listingPieces), weight: 19 },
  { arbitrary: repeated(listingPieces), weight: 1 },
);

const roots = defineTarget('pack-root-listings', listings, (printed) => {
  for (const parse of [parseSquashfsRoot, parseErofsRoot]) {
    const entries = parse(printed);
    claim(entries.length <= printed.split('\n').length, 'there are more entries than lines');
    for (const { name } of entries) claim(printed.includes(name), 'a name was not printed');
  }
});

export const squashfsTargets: readonly Target[] = [written, hostile, roots];
