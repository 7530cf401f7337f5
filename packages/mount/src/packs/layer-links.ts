import { rmdir, symlink } from 'node:fs/promises';
import { DrayError, reasonOf } from '@drayage/core';
import type { EngineHost } from '../engine-host/engine-host.ts';
import { shellCommand } from '@drayage/host';
import { checkTree, checkTreeFunction } from './layer-tree.ts';
import { runScript } from './pack-mounts.ts';

/** A snapshot directory to replace by a link to a layer's tree. */
export interface LayerLink {
  /** The snapshot's directory, new and empty. */
  readonly directory: string;
  /** The layer's tree in a mounted pack. */
  readonly tree: string;
}

/**
 * Replaces empty directories by links to trees of mounted packs.
 * Links have three advantages over bind mounts. They survive a restart of the engine or the machine, so only
 * the packs have to be mounted again. If a pack is not mounted, containers fail to start because a directory
 * is missing, instead of seeing an empty layer. And when an image is removed, containerd deletes a link like
 * a directory, without a mount that blocks it.
 * @throws DrayError `MOUNT_FAILED`, for example if a tree is not a real directory of its pack
 */
export async function linkLayers(
  engineHost: EngineHost,
  links: readonly LayerLink[],
  signal?: AbortSignal,
): Promise<void> {
  if (engineHost.sharesMounts) {
    // Without a shell, which would start programs that take a few ms per layer.
    for (const link of links) await linkLayer(link);
    return;
  }
  await runLinks(
    engineHost,
    'link() { check_tree "$2"; rmdir "$1" && ln -s "$2" "$1" || exit 1; }',
    links,
    signal,
  );
}

async function linkLayer({ directory, tree }: LayerLink): Promise<void> {
  try {
    await checkTree(tree);
    await rmdir(directory);
    await symlink(tree, directory);
  } catch (cause) {
    throw new DrayError('MOUNT_FAILED', `cannot link the layers: ${reasonOf(cause)}`, {
      hint: 'Use --delivery load, which needs no mounts.',
      cause,
    });
  }
}

/**
 * Redirects links to other trees. Paths that are missing or not links stay unchanged.
 * @throws DrayError `MOUNT_FAILED`
 */
export async function relinkLayers(
  engineHost: EngineHost,
  links: readonly LayerLink[],
  signal?: AbortSignal,
): Promise<void> {
  await runLinks(
    engineHost,
    'link() { [ -L "$1" ] || return 0; check_tree "$2"; ln -s "$2" "$1.new" && mv -T "$1.new" "$1" || exit 1; }',
    links,
    signal,
  );
}

async function runLinks(
  engineHost: EngineHost,
  definition: string,
  links: readonly LayerLink[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (links.length === 0) return;
  const commands = links.map(({ directory, tree }) => shellCommand(['link', directory, tree]));
  await runScript(
    engineHost,
    [checkTreeFunction, definition, ...commands].join('\n'),
    'link the layers',
    signal,
  );
}
