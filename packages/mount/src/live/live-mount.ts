import { DrayError, type Digest, type EngineInfo } from '@drayage/core';
import type { MountRequest } from '@drayage/core/bundle';
import { clearOrphans } from '../packs/orphans.ts';
import { mountPacks } from '../packs/pack-mounts.ts';
import type { EngineHost } from '../engine-host/engine-host.ts';
import { imageBlobs, layerBlobs } from './image-content.ts';
import { planLayers, type LayerPlan } from './layer-plan.ts';
import { openLiveEngine, packsAtHand, type LiveEngine } from './live-engine.ts';
import { makeLayers } from './make-layers.ts';
import { nameImage } from './name-image.ts';
import { repairLayers, type PacksAtHand, type Repair } from './repair.ts';
import { leaseName, takeLease } from './run-lease.ts';
import { sweepPacks } from './sweep.ts';
import { writeBlobs } from './write-blobs.ts';

/**
 * `none`: the compressed layer blobs are not stored, so `docker save` and `docker push` cannot export them;
 * `blobs`: they are stored too.
 */
export type LayerContent = 'none' | 'blobs';

/**
 * Layers of the images may also be in the engine instead of the packs. `openBlob` is called with `content:
 * 'blobs'` only.
 */
export interface LiveMountRequest extends MountRequest {
  readonly engineHost: EngineHost;
  readonly info: EngineInfo;
  /** Default: `none`. */
  readonly content?: LayerContent | undefined;
  /** Called with the folder for the engine's mounted packs, before anything is mounted there. */
  readonly onFolder?: ((folder: string) => Promise<void>) | undefined;
}

/** The result of a live mount. */
export interface LiveMountResult {
  /** Number of layers that were made. */
  readonly made: number;
  /** Number of layers that the engine already had. */
  readonly present: number;
  readonly repair: Repair;
  /** Packs that were unmounted because no image needs them any more. */
  readonly swept: readonly Digest[];
}

/**
 * Mounts images into a running engine with the containerd store, without extraction: mounts the packs on the
 * engine's side, makes their layers snapshots of containerd, stores manifests and configs, and names the
 * images. First clears what an interrupted run left, and repairs or removes broken images that drayage
 * mounted. Idempotent; if it throws, it has undone its changes.
 * @throws DrayError `MOUNT_UNAVAILABLE`, `MOUNT_FAILED`, `CONTAINERD_API`, `ABORTED`; errors of `engineHost`
 * and `openBlob`
 */
export async function mountLive(request: LiveMountRequest): Promise<LiveMountResult> {
  const { engineHost, packs, onFolder, signal } = request;
  const lease = leaseName();
  const engine = await openLiveEngine(request, lease);
  const atHand = packsAtHand(engineHost, packs, signal);
  try {
    await onFolder?.(engine.folder);
    const swept = await sweepPacks(engine);
    await takeLease(engine.client, lease, [...new Set(packs.map(({ pack }) => pack.image.digest))]);
    const done = await underLease(engine, request, atHand);
    await engine.client.leases.delete(lease);
    return { ...done, swept };
  } catch (error) {
    await undo(request, lease);
    throw error;
  } finally {
    await atHand.release();
    await engine.client.close();
  }
}

async function underLease(
  engine: LiveEngine,
  request: LiveMountRequest,
  packs: PacksAtHand,
): Promise<Omit<LiveMountResult, 'swept'>> {
  const repair = await repairLayers(engine, packs);
  const plan = await planFor(engine, request, packs);
  const needed = plan.waves.flat().map(({ pack }) => pack);
  await mountPacks(engine.engineHost, engine.folder, await packs.place(needed), engine.signal);
  let snapshots: string | undefined;
  for (const wave of plan.waves) snapshots = await makeLayers(engine, wave);
  if (snapshots !== undefined) await clearOrphans(engine.engineHost, engine.folder, snapshots, engine.signal);
  await writeContent(engine, request);
  for (const image of request.images) await nameImage(engine.client.images, image);
  return { made: plan.waves.flat().length, present: plan.present.length, repair };
}

async function planFor(
  { client, snapshotter }: LiveEngine,
  { images, info }: LiveMountRequest,
  { layers }: PacksAtHand,
): Promise<LayerPlan> {
  const committed = (await client.snapshots.list('kind==committed')).map(({ name }) => name);
  const known = new Set(committed);
  const plan = planLayers(images, layers, (chainId) => known.has(chainId));
  if (plan.lacking.length === 0) return plan;
  const count = String(plan.lacking.length);
  throw new DrayError(
    'MOUNT_UNAVAILABLE',
    `cannot mount into engine at ${info.location}: ${count} layers are neither in a pack nor in its ${snapshotter} store`,
    { hint: 'Run "dray prepull --form packs" for all images.', details: { lacking: plan.lacking } },
  );
}

async function writeContent(
  { client, snapshotter }: LiveEngine,
  { images, content = 'none', openBlob }: LiveMountRequest,
): Promise<void> {
  const layers = content === 'blobs' ? layerBlobs(images) : [];
  await writeBlobs(client.content, [...layers, ...imageBlobs(images, snapshotter)], openBlob);
}

/**
 * Opens a new connection, because the old one may be lost or aborted. The next run sweeps what cannot be
 * undone now.
 */
async function undo({ engineHost, info }: LiveMountRequest, lease: string): Promise<void> {
  try {
    const engine = await openLiveEngine({ engineHost, info });
    try {
      await engine.client.leases.delete(lease, { sync: true });
      await sweepPacks(engine);
    } finally {
      await engine.client.close();
    }
  } catch {
    // The caller needs the original error.
  }
}
