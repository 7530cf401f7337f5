import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Forgery } from './forge-pack.ts';
import { runOrThrow } from './processes.ts';

function last(layers: readonly string[]): string {
  return layers.at(-1) ?? '';
}

function replaceByLink(root: string, layers: readonly string[], target: string): void {
  rmSync(join(root, last(layers)), { recursive: true });
  symlinkSync(target, join(root, last(layers)));
}

/** Forgeries of a pack's root, with the text of the refusal for each. */
export const badRoots: readonly (Forgery & { readonly what: string; readonly says: string })[] = [
  {
    what: 'a link to / in the place of a layer',
    edit: (root, layers) => replaceByLink(root, layers, '/'),
    says: 'symbolic link',
  },
  {
    what: 'a link to the tree of another layer in the place of a layer',
    edit: (root, layers) => replaceByLink(root, layers, layers[0] ?? ''),
    says: 'symbolic link',
  },
  {
    what: 'a link to / that the directory lists as a directory',
    edit: (root, layers) => replaceByLink(root, layers, '/'),
    patch: listLinkAsDirectory,
    says: 'symbolic link',
  },
  {
    what: 'a hidden link beside the layers',
    edit: (root) => symlinkSync('/', join(root, '.x')),
    says: 'symbolic link',
  },
  {
    what: 'a device node',
    edit: (root) => node(root, 'b', '7', '0'),
    says: 'block device',
  },
  {
    what: 'a fifo in the place of a layer',
    edit: async (root, layers) => {
      rmSync(join(root, last(layers)), { recursive: true });
      await runOrThrow('mkfifo', [join(root, last(layers))]);
    },
    says: 'fifo',
  },
  {
    what: 'a regular file',
    edit: (root) => writeFileSync(join(root, 'README'), 'hello'),
    says: 'regular file',
  },
  {
    what: 'a directory that is not named like a layer',
    edit: (root) => mkdirSync(join(root, 'etc')),
    says: 'not named like a layer',
  },
  {
    what: 'the directory of a layer that its config does not list',
    edit: (root) => mkdirSync(join(root, 'a'.repeat(64))),
    says: 'does not list',
  },
];

async function node(folder: string, ...numbers: readonly string[]): Promise<void> {
  await runOrThrow('mknod', [join(folder, 'node'), ...numbers]);
}

/**
 * In the directory table of squashfs, type and length of a name are the two 16-bit numbers before it.
 * @see Linux, fs/squashfs/squashfs_fs.h, struct squashfs_dir_entry
 */
function listLinkAsDirectory(bytes: Buffer, layers: readonly string[]): void {
  const [link, directory] = [3, 1];
  const position = bytes.indexOf(last(layers)) - 4;
  if (position < 0 || bytes.readUInt16LE(position) !== link) throw new Error('cannot find the link');
  bytes.writeUInt16LE(directory, position);
}

/** What a layer may hold, but must not reach the host with: links that point out of it, and a device node. */
export const linksAndNodesInside: Forgery = {
  edit: async (root, layers) => {
    const tree = join(root, last(layers));
    symlinkSync('/', join(tree, 'out'));
    symlinkSync('../../../../../../..', join(tree, 'up'));
    await node(tree, 'b', '7', '0');
  },
};
