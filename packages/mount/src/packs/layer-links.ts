import { rmdir, symlink } from 'node:fs/promises';
import { DrayError, reasonOf } from '@drayage/core';
import type { EngineHost } from '../engine-host/engine-host.ts';
import { shellCommand } from '@drayage/host';
import { checkTree, checkTreeFunction } from './layer-tree.ts';
import { runScript } from './pack-mounts.ts';

/** A directory of a snapshot that shall be a layer's tree. */
export interface LayerLink {
  /** The snapshot's own directory, fresh and empty. */
  readonly directory: string;
  /** The layer's tree in a mounted pack. */
  readonly tree: string;
}

/**
 * Replaces empty directories by links to trees of mounted packs.
 *
 * Links, not bind mounts: they are still there when the engine or the machine was restarted, so the packs are all that has to be mounted
 * again; while a pack is not there, containers fail to start for a missing directory, where an unmounted bind would show them an empty layer;
 * and when an image is removed, containerd deletes a link as it deletes a directory, with no mount in its way.
 * @throws DrayError `MOUNT_FAILED`; a tree that is not a real directory of its pack is one reason
 */
export async function linkLayers(
  engineHost: EngineHost,
  links: readonly LayerLink[],
  signal?: AbortSignal,
): Promise<void> {
  if (engineHost.sharesMounts) {
    // Without a shell and its programs, which take a few ms for each layer.
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

/** Points links to other trees. Those that are no links, or gone, stay as they are. @throws DrayError `MOUNT_FAILED` */
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
