import { isDigest, type Digest } from '@drayage/core';
import type { Snapshot } from './snapshots.ts';

/** Labels on drayage's snapshots and leases. */
export const drayageLabels = {
  /** Digest of the pack file. */
  pack: 'dev.drayage.pack',
  diffId: 'dev.drayage.diff-id',
  /** Path of the link to the layer's tree in a pack. */
  link: 'dev.drayage.link',
  /** On leases: the process that took the lease. */
  owner: 'dev.drayage.owner',
} as const;

/** Labels that containerd's garbage collector reads. @see containerd v2.1, docs/garbage-collection.md */
export const collectorLabels = {
  expire: 'containerd.io/gc.expire',
  content: 'containerd.io/gc.ref.content',
  snapshot: 'containerd.io/gc.ref.snapshot',
} as const;

/** A committed snapshot that drayage made; its directory is a link into a pack. */
export interface MountedLayer {
  readonly chainId: string;
  readonly pack: Digest;
  readonly diffId: Digest;
  /** Path of the link. */
  readonly link: string;
}

/** A filter for objects that have a label. @see containerd v2.1, filters/filter.go */
export function hasLabel(name: string): string {
  return `labels.${JSON.stringify(name)}`;
}

/** The field mask of an update that sets these labels and keeps all others. */
export function labelMask(labels: Readonly<Record<string, string>>): { readonly paths: string[] } {
  return { paths: Object.keys(labels).map((key) => `labels.${key}`) };
}

/** Reads drayage's labels of a snapshot; undefined for a snapshot that drayage did not make. */
export function mountedLayerOf({ name, kind, labels }: Snapshot): MountedLayer | undefined {
  const pack = labels[drayageLabels.pack] ?? '';
  const diffId = labels[drayageLabels.diffId] ?? '';
  const link = labels[drayageLabels.link] ?? '';
  if (kind !== 'committed' || link === '' || !isDigest(pack) || !isDigest(diffId)) return undefined;
  return { chainId: name, pack, diffId, link };
}
