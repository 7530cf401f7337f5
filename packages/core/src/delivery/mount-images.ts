import type { ByteStream } from '../blob-store.ts';
import type { BundleEntry, BundleIndex } from '../bundle/bundle-index.ts';
import type { Pack } from '../bundle/pack-types.ts';
import type { Engine, LoadableImage } from '../engine.ts';
import { isDrayError } from '../errors.ts';
import { createPool } from '../handover/pool.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { hostPlatform } from '../image/platform.ts';
import { familiarReference } from '../image/reference.ts';
import type { MountRequest, MountablePack, Mounting, StartedEngine } from '../mounter.ts';
import { decideWay, isMountWay, whyNotMounted, type WayDecision } from './decide-way.ts';
import type { DeliveryRun } from './context.ts';
import { openVerified, receive } from './receive.ts';
import { isThere } from './is-there.ts';
import { findMountable, type MountableImage } from './mountable.ts';
import { providePack, type PackAccess } from './pack-access.ts';
import type { DeliveryImageReport } from './report.ts';
import { verifyPack } from './verify-pack.ts';
import type { WayFacts } from './way-facts.ts';
import { obstacleOf } from './way-obstacles.ts';

export interface MountImagesRequest extends DeliveryRun {
  readonly mounting: Mounting;
  readonly packs: PackAccess;
  readonly engine: Engine;
  /** What decides the way. */
  readonly facts: WayFacts;
  readonly index: BundleIndex;
  /** The images that are complete in the bundle. */
  readonly entries: readonly BundleEntry[];
}

export interface MountedImages {
  /** The last decision: why they were mounted this way, or why they were not. */
  readonly decision: WayDecision;
  /** Of the images that are in the engine now. */
  readonly reports: readonly DeliveryImageReport[];
  /** The private engine that has them; undefined: they are in the engine that was asked for. */
  readonly started?: StartedEngine | undefined;
}

/**
 * Mounts the images that packs contain and the engine lacks, in the fastest way that is open. If one way
 * turns out to be closed, decides again. Without a way, or without such images, it mounts nothing.
 * @throws DrayError of the mounter, but not `MOUNT_UNAVAILABLE`; `PACK_INVALID`, `DIGEST_MISMATCH` for a pack
 * that is damaged or wrong, before anything is mounted
 */
export async function mountImages(request: MountImagesRequest): Promise<MountedImages> {
  const startedAt = performance.now();
  const { facts, index, entries, handover, emit, signal } = request;
  const { images, packs } = await findMountable({
    ...{ blobs: handover.blobs, index, entries, signal },
    platform: facts.engine?.platform ?? hostPlatform(),
    isPresent: (image) => isPresent(request, image),
    warn: (message) => {
      emit({ type: 'warning', message });
    },
  });
  const decision = decideWay(facts);
  if (images.length === 0) return { decision, reports: [] };
  if (!isMountWay(decision.choice.way)) return notMounted(request, decision);
  const tried = await tryWays(request, await provideContent(request, images, packs));
  if (tried.isMounted !== true) return notMounted(request, tried.decision);
  const ms = Math.round(performance.now() - startedAt);
  return { ...tried, reports: await checkMounted(request, tried.started, images, ms) };
}

/** Brings the packs to this node, proves them, and checks them deeply where that is asked for. */
async function provideContent(
  request: MountImagesRequest,
  images: readonly MountableImage[],
  packs: readonly Pack[],
): Promise<MountRequest> {
  const { packs: access, facts, signal } = request;
  const names = images.map(({ name }) => name).join(', ');
  const receiveHere = (descriptors: readonly Descriptor[]): Promise<void> =>
    receive(request, names, descriptors);
  const mountable: MountablePack[] = [];
  for (const pack of packs) mountable.push(await providePack(access, pack, receiveHere, signal));
  await verifyDeeply(request, packs);
  return {
    ...{ info: facts.engine, images: images.map(({ image }) => image), packs: mountable, signal },
    openBlob: async (descriptor): Promise<ByteStream> => {
      await receiveHere([descriptor]);
      return openVerified(request, descriptor);
    },
  };
}

interface TriedWays {
  readonly decision: WayDecision;
  readonly isMounted?: true;
  readonly started?: StartedEngine | undefined;
}

/** Takes the ways in the order of the decision, which learns from each that is closed. */
async function tryWays(
  { mounting, facts, emit }: MountImagesRequest,
  request: MountRequest,
): Promise<TriedWays> {
  const mounter = await mounting.open();
  const { images, packs } = request;
  const bytes = packs.reduce((sum, { pack }) => sum + pack.image.size, 0);
  const names = images.map(imageName);
  let found = facts.found;
  for (;;) {
    const decision = decideWay({ ...facts, found });
    const { way, reason } = decision.choice;
    if (!isMountWay(way)) return { decision };
    emit({ type: 'mounting', images: names, packs: packs.length, bytes, reason });
    try {
      return { decision, isMounted: true, started: await mounter.mount(way, request) };
    } catch (error) {
      if (!isDrayError(error, 'MOUNT_UNAVAILABLE')) throw error;
      found = { ...found, [way]: obstacleOf(error) };
    }
  }
}

function notMounted({ emit }: DeliveryRun, decision: WayDecision): MountedImages {
  emit({ type: 'warning', message: `images are loaded instead of mounted: ${whyNotMounted(decision)}` });
  return { decision, reports: [] };
}

function imageName({ reference, config }: LoadableImage): string {
  return reference === undefined ? config.digest : familiarReference(reference);
}

/**
 * Checks packs against the diffIds of their layers, if that is requested.
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
  { engine, facts, signal }: MountImagesRequest,
  image: LoadableImage,
): Promise<boolean> {
  const info = facts.engine;
  if (info === undefined || image.reference === undefined) return false;
  const found = await engine.inspect(image.reference, signal);
  return found !== undefined && isThere(engine, info, found, image, signal);
}

/** Warns about images that the engine does not show; they are delivered in another way. */
async function checkMounted(
  { engine: asked, facts, emit, signal }: MountImagesRequest,
  started: StartedEngine | undefined,
  images: readonly MountableImage[],
  ms: number,
): Promise<readonly DeliveryImageReport[]> {
  const engine = started?.engine ?? asked;
  const info = (started === undefined ? facts.engine : undefined) ?? (await engine.describe(signal));
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
