import type { PackNode } from '../layer/pack-node.ts';
import type { ExpectedNode, ExpectedTree } from './expected-tree.ts';

/** A difference between a tree and its layer; the message follows a colon. */
export class WrongTree extends Error {
  override readonly name = 'WrongTree';
}

/**
 * Requires that a tree has exactly the names of the expected one, each with the same attributes. Does not
 * compare contents.
 * @throws WrongTree
 */
export async function compareTree(
  actual: AsyncIterable<readonly [string, PackNode]> | Iterable<readonly [string, PackNode]>,
  { nodes }: ExpectedTree,
): Promise<void> {
  const inodes = new Map<string, number>();
  for await (const [path, node] of actual) {
    const expected = nodes.get(path);
    if (expected === undefined) throw wrong(path, 'is not in the layer');
    if (inodes.has(path)) throw wrong(path, 'appears twice');
    inodes.set(path, node.number);
    checkNode(path, node, fileOf(expected, nodes));
  }
  for (const path of nodes.keys()) if (!inodes.has(path)) throw wrong(path, 'is missing');
  checkLinks(inodes, nodes);
}

/** Resolves a hard link to its file. */
function fileOf({ entry, target }: ExpectedNode, nodes: ExpectedTree['nodes']): ExpectedNode['entry'] {
  return target === undefined ? entry : (nodes.get(target)?.entry ?? entry);
}

function checkNode(path: string, node: PackNode, entry: ExpectedNode['entry']): void {
  if (node.type !== entry.type) throw wrong(path, `is a ${node.type} instead of a ${entry.type}`);
  const pairs: readonly (readonly [string, number | string, number | string])[] = [
    ['mode', node.mode & 0o7777, entry.mode],
    ['owner', node.uid, entry.uid],
    ['group', node.gid, entry.gid],
    ['time', node.mtime.seconds, entry.mtime.seconds],
    ['time', node.mtime.nanoseconds, entry.mtime.nanoseconds],
    ['size', node.size, entry.type === 'file' ? entry.size : 0],
    ['target', node.linkName, entry.type === 'symlink' ? entry.linkName : ''],
    ['device', `${node.deviceMajor}:${node.deviceMinor}`, `${entry.deviceMajor}:${entry.deviceMinor}`],
  ];
  for (const [what, actual, expected] of pairs) {
    if (actual !== expected) throw wrong(path, `has a different ${what}`);
  }
  const names = new Set([...node.xattrs.keys(), ...entry.xattrs.keys()]);
  for (const name of names) {
    const value = node.xattrs.get(name);
    if (value?.equals(entry.xattrs.get(name) ?? absent) !== true)
      throw wrong(path, `has a different ${name}`);
  }
}

const absent = Buffer.from('\0absent');

/** Requires that names share an inode exactly where the layer links them. */
function checkLinks(inodes: ReadonlyMap<string, number>, nodes: ExpectedTree['nodes']): void {
  const owners = new Map<number, string>();
  for (const [path, { target }] of nodes) {
    const inode = inodes.get(path) ?? -1;
    const owner = target ?? path;
    if (owners.has(inode) ? owners.get(inode) !== owner : false)
      throw wrong(path, 'is linked to another file');
    owners.set(inode, owner);
    if (target !== undefined && inodes.get(target) !== inode) throw wrong(path, 'is not linked to its file');
  }
}

function wrong(path: string, what: string): WrongTree {
  return new WrongTree(`${JSON.stringify(Buffer.from(path, 'latin1').toString())} ${what}`);
}
