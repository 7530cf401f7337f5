import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { hexOf, type Digest } from '@drayage/core';
import {
  createDirectoryTransport,
  emptyIndex,
  formatBundleIndex,
  hashFile,
  packDocuments,
  readBundleIndex,
  readPacks,
} from '@drayage/core/bundle';
import type { Pack } from '@drayage/core/bundle';

import { makeFolder, removeFolder } from './folders.ts';
import { erofsPrograms } from './packs.ts';
import { runOrThrow } from './processes.ts';

/** Where a blob of a bundle is. */
export function blobFile(bundle: string, digest: Digest): string {
  return join(bundle, 'blobs', 'sha256', hexOf(digest));
}

/** The only pack of a bundle. */
export async function packOf(bundle: string): Promise<Pack> {
  const { blobs, documents } = createDirectoryTransport(bundle);
  const [pack] = await readPacks(blobs, ((await readBundleIndex(documents)) ?? emptyIndex).packs);
  if (pack === undefined) throw new Error(`there is no pack in ${bundle}`);
  return pack;
}

/**
 * Replaces the only pack of a bundle, like an attacker who can write there: all digests are right. `change`
 * gets the folder with the tree, in which each layer is a folder. Needs root.
 */
export async function forgePack(bundle: string, change: (tree: string) => Promise<void>): Promise<void> {
  const { blobs, documents } = createDirectoryTransport(bundle);
  const pack = await packOf(bundle);
  const folder = makeFolder();
  try {
    const [tree, file] = [join(folder, 'tree'), join(folder, 'pack')];
    const original = blobFile(bundle, pack.image.digest);
    const { mkfsErofs = '', fsckErofs = '' } = erofsPrograms() ?? {};
    if (pack.filesystem === 'erofs') await runOrThrow(fsckErofs, [`--extract=${tree}`, original]);
    else await runOrThrow('unsquashfs', ['-no-progress', '-dest', tree, original]);
    await change(tree);
    const settings = ['-noappend', '-no-progress', '-quiet', '-comp', 'zstd', '-no-fragments'];
    if (pack.filesystem === 'erofs') await runOrThrow(mkfsErofs, ['--quiet', '-zlz4', file, tree]);
    else await runOrThrow('mksquashfs', [tree, file, ...settings]);
    const image = { ...pack.image, ...(await hashFile(file)) };
    const { config, manifest } = packDocuments(image, pack.filesystem, pack.layers);
    await blobs.put(image, (offset) => Promise.resolve(createReadStream(file, { start: offset })));
    for (const { descriptor, bytes } of [config, manifest]) {
      await blobs.put(descriptor, (offset) => Promise.resolve(one(bytes.subarray(offset))));
    }
    const index = (await readBundleIndex(documents)) ?? emptyIndex;
    await documents.write('index.json', formatBundleIndex({ ...index, packs: [manifest.descriptor] }));
  } finally {
    await removeFolder(folder);
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
