import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, hexOf, hostPlatform, type Digest } from '@drayage/core';
import {
  createDirectoryTransport,
  createPackStore,
  formatBundleIndex,
  packDocuments,
  packMediaTypes,
  readBundleIndex,
  readImage,
  readPacks,
} from '@drayage/core/bundle';
import type { PackFilesystem } from '@drayage/core/bundle';

import { cachedPart } from './parts.ts';
import { runOrThrow } from './processes.ts';

/** What a forger does to a pack. */
export interface Forgery {
  /**
   * Changes the tree that the pack is made of: `root` holds a directory for each layer of the image, bottom
   * first in `layers`.
   */
  readonly edit: (root: string, layers: readonly string[]) => void | Promise<void>;
  /** Changes the bytes of the finished pack; its metadata is not compressed. */
  readonly patch?: (bytes: Buffer, layers: readonly string[]) => void;
  /** Default: squashfs. */
  readonly filesystem?: PackFilesystem;
}

/** A bundle with one forged pack. */
export interface ForgedBundle {
  readonly path: string;
  readonly pack: Digest;
  /** The names of its layers, bottom first. */
  readonly layers: readonly string[];
}

/**
 * Copies a bundle into a folder and forges its only pack there, like an attacker who can write to bundles:
 * the digests of the file, of the pack's documents and in the index are all consistent.
 */
export async function forgeBundle(original: string, folder: string, forgery: Forgery): Promise<ForgedBundle> {
  const { edit, patch, filesystem = 'squashfs' } = forgery;
  const path = join(folder, 'bundle');
  cpSync(original, path, { recursive: true });
  const { documents, blobs } = createDirectoryTransport(path);
  const index = await readBundleIndex(documents);
  const [pack, ...others] = await readPacks(blobs, index?.packs ?? []);
  if (index === undefined || pack === undefined || others.length > 0)
    throw new Error('cannot forge: not one pack');
  const fileOf = (digest: Digest): string => createPackStore(path).fileOf(digest);
  const [root, file] = [join(folder, 'root'), join(folder, 'forged')];
  await runOrThrow('unsquashfs', ['-no-progress', '-quiet', '-dest', root, fileOf(pack.image.digest)]);
  const [entry] = index.entries;
  if (entry === undefined) throw new Error('cannot forge: the bundle has no image');
  const layers = (await readImage(blobs, entry, hostPlatform())).diffIds.map(hexOf);
  await edit(root, layers);
  await makeImage(filesystem, root, file);
  const bytes = readFileSync(file);
  patch?.(bytes, layers);
  const image = { mediaType: packMediaTypes[filesystem], digest: digestOf(bytes), size: bytes.length };
  const { config, manifest } = packDocuments(image, filesystem, pack.layers);
  for (const { digest } of [pack.image, pack.config, pack.manifest]) rmSync(fileOf(digest));
  writeFileSync(fileOf(image.digest), bytes);
  for (const document of [config, manifest])
    writeFileSync(fileOf(document.descriptor.digest), document.bytes);
  writeFileSync(join(path, 'index.json'), formatBundleIndex({ ...index, packs: [manifest.descriptor] }));
  rmSync(root, { recursive: true });
  rmSync(file);
  return { path, pack: image.digest, layers };
}

async function makeImage(filesystem: PackFilesystem, root: string, file: string): Promise<void> {
  if (filesystem === 'squashfs')
    await runOrThrow('mksquashfs', [root, file, '-noI', '-quiet', '-no-progress', '-no-xattrs']);
  else await runOrThrow(erofsProgram('mkfs.erofs'), ['--quiet', file, root]);
}

/** Writes a program that lists EROFS images into a folder; undefined where set-up has fetched none. */
export function writeDumpErofs(folder: string): string | undefined {
  const part = cachedPart('erofs');
  if (part === undefined) return undefined;
  const program = join(folder, 'dump.erofs');
  const script = readFileSync(erofsProgram('fsck.erofs'), 'utf8')
    .replace(/^part=.*$/m, `part='${part}'`)
    .replace('fsck.erofs', 'dump.erofs');
  writeFileSync(program, script, { mode: 0o755 });
  return program;
}

function erofsProgram(name: string): string {
  return join(cachedPart('erofs') ?? '', 'bin', name);
}
