import type { Digest } from '@drayage/core';
import { listMountedPacks, markIdle, unmountIdle } from '../packs/pack-mounts.ts';
import type { ContainerdClient } from '../containerd/client.ts';
import { drayageLabels, hasLabel } from '../containerd/labels.ts';
import type { LiveEngine } from './live-engine.ts';
import { liveLeases, packsOfLease } from './run-lease.ts';

/**
 * Unmounts the packs that no snapshot needs any more because their images were removed, and ends the leases
 * of dead runs. Returns the unmounted packs. Safe beside other runs.
 * @throws DrayError `CONTAINERD_API`, `MOUNT_FAILED`
 */
export async function sweepPacks(engine: LiveEngine): Promise<readonly Digest[]> {
  const { engineHost, client, folder, signal } = engine;
  const mounted = await listMountedPacks(engineHost, folder, signal);
  if (mounted.size === 0) {
    await liveLeases(client);
    return [];
  }
  const candidates = await unused(client, mounted);
  if (candidates.length === 0) return [];
  await markIdle(engineHost, folder, candidates);
  const idle = await unused(client, candidates);
  await unmountIdle(engineHost, folder, idle);
  return idle;
}

async function unused(client: ContainerdClient, mounted: Iterable<Digest>): Promise<readonly Digest[]> {
  const leases = await liveLeases(client);
  const snapshots = await client.snapshots.list(hasLabel(drayageLabels.pack));
  const used = new Set([
    ...leases.flatMap(packsOfLease),
    ...snapshots.map(({ labels }) => labels[drayageLabels.pack]),
  ]);
  return [...mounted].filter((pack) => !used.has(pack));
}
