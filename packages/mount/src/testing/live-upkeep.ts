import type { Digest } from '@drayage/core';
import type { MountablePack } from '@drayage/core/bundle';
import { openLiveEngine, packsAtHand, type LiveUpkeepRequest } from '../live/live-engine.ts';
import { repairLayers, type Repair } from '../live/repair.ts';
import { leaseName, takeLease } from '../live/run-lease.ts';
import { sweepPacks } from '../live/sweep.ts';

/**
 * Unmounts the packs that no image of the engine needs any more, and returns them. {@link mountLive} does
 * this too.
 * @throws DrayError `MOUNT_UNAVAILABLE`, `MOUNT_FAILED`, `CONTAINERD_API`, `ABORTED`
 */
export async function sweepLiveMounts(request: LiveUpkeepRequest): Promise<readonly Digest[]> {
  const engine = await openLiveEngine(request);
  try {
    return await sweepPacks(engine);
  } finally {
    await engine.client.close();
  }
}

/**
 * Repairs mounted images after a restart: mounts their packs if they are among `packs`, else removes the
 * images. {@link mountLive} does this too.
 * @throws DrayError `MOUNT_UNAVAILABLE`, `MOUNT_FAILED`, `CONTAINERD_API`, `ABORTED`
 */
export async function repairLiveMounts(
  request: LiveUpkeepRequest & { readonly packs: readonly MountablePack[] },
): Promise<Repair> {
  const { engineHost, packs, signal } = request;
  const lease = leaseName();
  const engine = await openLiveEngine(request, lease);
  const atHand = packsAtHand(engineHost, packs, signal);
  try {
    await takeLease(
      engine.client,
      lease,
      packs.map(({ pack }) => pack.image.digest),
    );
    const repair = await repairLayers(engine, atHand);
    await engine.client.leases.delete(lease);
    return repair;
  } finally {
    await atHand.release();
    await engine.client.close();
  }
}
