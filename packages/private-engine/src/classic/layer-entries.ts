import { createHash } from 'node:crypto';
import { chainIds } from '@drayage/core/image';
import { hexOf, type Digest, type LoadableImage } from '@drayage/core';
import type { LayoutEntry } from './layout-entry.ts';
import type { TreeOf } from './layout.ts';

/** A layer on its parents, as the layer database and the overlay2 driver record it. */
export interface StackedLayer {
  readonly chainId: Digest;
  readonly diffId: Digest;
  /** The chainId of the layer below; undefined for the lowest. */
  readonly parent: Digest | undefined;
  /** The layers below, nearest first. */
  readonly below: readonly Digest[];
}

/** All layer stacks of the images, each once, parents first. Pure. */
export function stackedLayers(images: readonly Pick<LoadableImage, 'diffIds'>[]): readonly StackedLayer[] {
  const found = new Map<Digest, StackedLayer>();
  for (const { diffIds } of images) {
    const chain = chainIds(diffIds);
    for (const [position, chainId] of chain.entries()) {
      const diffId = diffIds[position];
      if (diffId === undefined || found.has(chainId)) continue;
      const below = chain.slice(0, position).toReversed();
      found.set(chainId, { chainId, diffId, parent: below[0], below });
    }
  }
  return [...found.values()];
}

/** The name of a layer's directory in the driver's directory. Pure. */
export function cacheId(chainId: Digest): string {
  return sha256Hex(`cache ${chainId}`);
}

/** A layer's short name for mount options, which must fit into a page: 26 base-32 characters. Pure. */
export function linkName(chainId: Digest): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bytes = createHash('sha256').update(`link ${chainId}`).digest();
  return [...bytes.subarray(0, 26)].map((byte) => alphabet[byte % 32]).join('');
}

/** A layer's entries in the layer database: `layerdb/sha256/<chainId>`. Pure. */
export function layerDatabaseEntries(
  store: string,
  { chainId, diffId, parent }: StackedLayer,
  { packed }: ReturnType<TreeOf>,
): readonly LayoutEntry[] {
  const dir = `${store}/layerdb/sha256/${hexOf(chainId)}`;
  return [
    { kind: 'text', path: `${dir}/cache-id`, text: cacheId(chainId) },
    { kind: 'text', path: `${dir}/diff`, text: diffId },
    { kind: 'text', path: `${dir}/size`, text: String(packed.size) },
    ...(parent === undefined ? [] : [{ kind: 'text' as const, path: `${dir}/parent`, text: parent }]),
    { kind: 'blob', path: `${dir}/tar-split.json.gz`, blob: packed.tarSplit },
  ];
}

/**
 * A layer's entries in the driver's directory. `diff` is a link to the tree in the pack: links need no
 * mounts, disappear with the image, and without the pack lead nowhere, which is a clear error instead of an
 * empty layer. Pure.
 */
export function driverEntries(
  driver: string,
  { chainId, below }: StackedLayer,
  { packed, tree }: ReturnType<TreeOf>,
): readonly LayoutEntry[] {
  const dir = `${driver}/${cacheId(chainId)}`;
  const link = linkName(chainId);
  const diff: LayoutEntry =
    packed.entries === 0
      ? // An image may repeat the empty layer, but overlayfs rejects duplicate lower directories.
        { kind: 'directory', path: `${dir}/diff` }
      : { kind: 'link', path: `${dir}/diff`, target: tree };
  const lower = below.map((other) => `l/${linkName(other)}`).join(':');
  return [
    diff,
    { kind: 'text', path: `${dir}/link`, text: link },
    { kind: 'text', path: `${dir}/committed`, text: '' },
    { kind: 'link', path: `${driver}/l/${link}`, target: `../${cacheId(chainId)}/diff` },
    ...(lower === ''
      ? []
      : [
          { kind: 'text' as const, path: `${dir}/lower`, text: lower },
          { kind: 'directory' as const, path: `${dir}/work` },
        ]),
  ];
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
