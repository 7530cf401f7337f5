import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { DrayError, shortDigest, throwIfAborted } from '@drayage/core';
import { linkLayers } from '../packs/layer-links.ts';
import { layerTree } from '../packs/pack-folder.ts';
import type { ContainerdClient } from '../containerd/client.ts';
import { drayageLabels } from '../containerd/labels.ts';
import type { PlannedLayer } from './layer-plan.ts';
import type { LiveEngine } from './live-engine.ts';
import type { SnapshotMount } from '../containerd/snapshots.ts';
import { madeAnew } from '../containerd/status.ts';

/**
 * Makes layers concurrently: prepares a snapshot for each, replaces its directory by a link into the pack,
 * then commits it. This order matters: a committed snapshot must never be empty. If this process ends before
 * the commit, the snapshot stays active and goes with the lease. Resolves with the directory that contains
 * the snapshots' directories, or undefined without layers.
 * @throws DrayError `CONTAINERD_API`, `MOUNT_FAILED`, `ABORTED`
 */
export async function makeLayers(
  engine: LiveEngine,
  layers: readonly PlannedLayer[],
): Promise<string | undefined> {
  const { engineHost, client, folder, signal } = engine;
  throwIfAborted(signal, 'make the layers known to containerd');
  const prepared = await Promise.all(
    layers.map(async (layer) => ({ layer, ...(await prepare(client, layer)) })),
  );
  // An image may have the empty layer twice, but overlayfs rejects duplicate lower directories: each empty
  // layer keeps its own empty directory.
  const links = prepared
    .filter(({ layer }) => !layer.isEmpty)
    .map(({ layer, directory }) => ({
      directory,
      tree: layerTree(folder, layer.pack, layer.diffId),
    }));
  await linkLayers(engineHost, links, signal);
  await Promise.all(prepared.map(({ layer, key, directory }) => commit(client, layer, key, directory)));
  const [first] = prepared;
  return first && dirname(dirname(first.directory));
}

async function prepare(
  { snapshots }: ContainerdClient,
  { chainId, parent }: PlannedLayer,
): Promise<{ readonly key: string; readonly directory: string }> {
  const key = `drayage-${shortDigest(chainId)}-${randomBytes(8).toString('hex')}`;
  const mounts = await snapshots.prepare(key, parent ?? '', {});
  return { key, directory: snapshotDirectory(mounts) };
}

/** If another run or a pull was faster, its snapshot is used. */
async function commit(
  { snapshots }: ContainerdClient,
  { chainId, pack, diffId }: PlannedLayer,
  key: string,
  link: string,
): Promise<void> {
  const labels = {
    [drayageLabels.pack]: pack,
    [drayageLabels.diffId]: diffId,
    [drayageLabels.link]: link,
  };
  if (!(await madeAnew(snapshots.commit(key, chainId, labels)))) await snapshots.remove(key);
}

/**
 * The directory that receives writes to an active snapshot: the bind source at the bottom of a chain, else
 * the overlay's upperdir.
 */
export function snapshotDirectory(mounts: readonly SnapshotMount[]): string {
  const [mount] = mounts;
  const upper = mount?.options.find((option) => option.startsWith('upperdir='));
  if (mount?.type === 'overlay' && upper !== undefined) return upper.slice('upperdir='.length);
  if (mount?.type === 'bind' && mounts.length === 1) return mount.source;
  throw new DrayError(
    'MOUNT_UNAVAILABLE',
    `cannot mount into the engine: its snapshots are mounts of type ${mount?.type ?? 'none'}, not directories`,
    { hint: 'Use --delivery load.' },
  );
}
