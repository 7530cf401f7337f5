import type { ByteStream } from '../blob-store.ts';
import type { BundleEntry, BundleIndex } from '../bundle/bundle-index.ts';
import type { Pack } from '../bundle/pack-types.ts';
import type { Engine, EngineInfo, LoadableImage } from '../engine.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { hostPlatform } from '../image/platform.ts';
import type { MountResult, MountablePack, Mounter } from '../mounter.ts';
import { createPool } from '../handover/pool.ts';
import { openVerified, receive, type DeliveryRun } from './deliver-image.ts';
import { providePack, type PackAccess } from './pack-access.ts';
import { isThere } from './is-there.ts';
import { findMountable, type MountableImage } from './mountable.ts';
import type { DeliveryImageReport } from './report.ts';
import { verifyPack } from './verify-pack.ts';

export interface MountImagesRequest extends DeliveryRun {
  readonly mounter: Mounter;
  readonly packs: PackAccess;
  readonly engine: Engine;
  /** Undefined when no engine answers. */
  readonly info: EngineInfo | undefined;
  readonly index: BundleIndex;
  /** That are complete in the bundle. */
  readonly entries: readonly BundleEntry[];
}

export interface MountedImages {
  /** Of the images that are in the engine now. */
  readonly reports: readonly DeliveryImageReport[];
  readonly result: MountResult;
}

/**
 * Mounts the images that packs contain and the engine lacks. Resolves with undefined when there is nothing to
 * mount.
 * @throws DrayError `MOUNT_UNAVAILABLE` and others of the mounter; `DIGEST_MISMATCH` for a damaged pack
 */
export async function mountImages(request: MountImagesRequest): Promise<MountedImages | undefined> {
  const startedAt = performance.now();
  const { mounter, engine, info, index, entries, handover, emit, signal } = request;
  const platform = info?.platform ?? hostPlatform();
  const { images, packs } = await findMountable({
    ...{ blobs: handover.blobs, index, entries, platform, signal },
    isPresent: (image) => isPresent(request, image),
    warn: (message) => {
      emit({ type: 'warning', message });
    },
  });
  if (images.length === 0) return undefined;
  const names = images.map(({ name }) => name);
  const receiveHere = (descriptors: readonly Descriptor[]): Promise<void> =>
    receive(request, names.join(', '), descriptors);
  const mountable: MountablePack[] = [];
  for (const pack of packs) {
    mountable.push(await providePack(request.packs, pack, receiveHere, signal));
  }
  await verifyDeeply(request, packs);
  const bytes = packs.reduce((sum, { image }) => sum + image.size, 0);
  emit({ type: 'mounting', images: names, packs: packs.length, bytes });
  const openBlob = async (descriptor: Descriptor): Promise<ByteStream> => {
    await receiveHere([descriptor]);
    return openVerified(request, descriptor);
  };
  const wanted = images.map(({ image }) => image);
  const result = await mounter.mount({ engine, info, images: wanted, packs: mountable, openBlob, signal });
  const ms = Math.round(performance.now() - startedAt);
  return { reports: await checkMounted(request, result, images, ms), result };
}

/**
 * Checks packs against the diffIds of their layers, where that is asked for.
 * @throws DrayError `PACK_INVALID`, `DIGEST_MISMATCH`
 */
async function verifyDeeply(
  { packs: access, local, emit, signal }: MountImagesRequest,
  packs: readonly Pack[],
): Promise<void> {
  const { deepConcurrency: concurrency } = access;
  if (concurrency === undefined) return;
  const layers = packs.flatMap((pack) => pack.layers);
  const bytes = layers.reduce((sum, { tarSize }) => sum + tarSize, 0);
  emit({ type: 'verifying', packs: packs.length, layers: layers.length, bytes });
  for (const pack of packs) await verifyPack(access, local, pack, { concurrency, signal });
}

async function isPresent(
  { engine, info, signal }: MountImagesRequest,
  image: LoadableImage,
): Promise<boolean> {
  if (info === undefined || image.reference === undefined) return false;
  const found = await engine.inspect(image.reference, signal);
  return found !== undefined && isThere(engine, info, found, image, signal);
}

/** Warns of the images that the engine does not show; they are delivered in another way. */
async function checkMounted(
  { engine: asked, info: known, emit, signal }: MountImagesRequest,
  { engine }: MountResult,
  images: readonly MountableImage[],
  ms: number,
): Promise<readonly DeliveryImageReport[]> {
  const info = engine === asked && known !== undefined ? known : await engine.describe(signal);
  // Each check makes a container.
  const reports = await createPool(trialsAtATime).map(
    images,
    async ({ name, image }): Promise<DeliveryImageReport | undefined> => {
      const found = await engine.inspect(image.reference ?? image.config.digest, signal);
      if (found !== undefined && (await isThere(engine, info, found, image, signal))) {
        return mountedReport(name, image, ms);
      }
      emit({
        type: 'warning',
        message: `cannot find ${name} in the engine after mounting it; it is loaded instead`,
      });
      return undefined;
    },
    signal,
  );
  return reports.filter((report) => report !== undefined);
}

const trialsAtATime = 4;

function mountedReport(name: string, image: LoadableImage, ms: number): DeliveryImageReport {
  const total = image.layers.length;
  return {
    reference: name,
    configDigest: image.config.digest,
    manifestDigest: image.manifest.digest,
    delivery: 'mount',
    layers: { total, sent: 0, skipped: total },
    bytesSent: 0,
    ms,
  };
}
