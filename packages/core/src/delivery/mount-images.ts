import type { BundleEntry, BundleIndex } from '../bundle/bundle-index.ts';
import { entryName } from '../bundle/bundle-index.ts';
import { hasRepeatedTree, packedLayers, packsFor, readPacks } from '../bundle/packed-layers.ts';
import type { PackedLayers } from '../bundle/packed-layers.ts';
import { readImage } from '../bundle/read-image.ts';
import type { Engine, EngineInfo, LoadableImage } from '../engine.ts';
import { isDrayError, reasonOf } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Platform } from '../image/platform.ts';
import { shortDigest } from '../image/digest.ts';
import type { MountResult, MountablePack, Mounter } from '../mounter.ts';
import { verifying } from '../store/verifying.ts';
import type { BlobPlace } from './deliver-image.ts';
import type { LoadEvent } from './events.ts';
import { providePack } from './pack-access.ts';
import type { PackAccess } from './pack-access.ts';
import type { LoadImageReport } from './report.ts';
import { isThere } from './is-there.ts';

export interface MountImagesRequest {
  readonly mounter: Mounter;
  readonly packs: PackAccess;
  readonly engine: Engine;
  /** Undefined when no engine answers. */
  readonly info: EngineInfo | undefined;
  readonly platform: Platform;
  readonly index: BundleIndex;
  /** That are complete in the bundle. */
  readonly entries: readonly BundleEntry[];
  readonly meeting: BlobPlace;
  readonly local: BlobPlace;
  /** Brings blobs to this node. */
  readonly receive: (name: string, descriptors: readonly Descriptor[]) => Promise<void>;
  readonly emit: (event: LoadEvent) => void;
  readonly signal: AbortSignal | undefined;
}

export interface MountedImages {
  /** Of the images that are there now; the others are for another way. */
  readonly reports: readonly LoadImageReport[];
  readonly result: MountResult;
}

interface Candidate {
  readonly name: string;
  readonly image: LoadableImage;
}

/**
 * Mounts what packs hold of the images and is not in the engine yet. Resolves with undefined when there is nothing to mount.
 * @throws DrayError `MOUNT_UNAVAILABLE` and others of the mounter; `DIGEST_MISMATCH` for a damaged pack, which is not mounted then
 */
export async function mountImages(request: MountImagesRequest): Promise<MountedImages | undefined> {
  const startedAt = performance.now();
  const { mounter, engine, info, index, meeting, emit, signal } = request;
  const packs = await readPacks(meeting.blobs, index.packs, {
    onBroken: (_, error) => {
      emit({ type: 'warning', message: reasonOf(error) });
    },
    signal,
  });
  const candidates = await findCandidates(request, packedLayers(packs));
  if (candidates.length === 0) return undefined;
  const diffIds = candidates.flatMap(({ image }) => image.diffIds);
  const mountable: MountablePack[] = [];
  const names = candidates.map(({ name }) => name);
  for (const pack of packsFor(diffIds, packedLayers(packs)).packs) {
    const receive = (descriptors: readonly Descriptor[]): Promise<void> =>
      request.receive(names.join(', '), descriptors);
    mountable.push({
      pack,
      file: await providePack(request.packs, pack, request.local.blobs, receive, signal),
    });
  }
  const bytes = mountable.reduce((sum, { pack }) => sum + pack.image.size, 0);
  emit({ type: 'mounting', images: names, packs: mountable.length, bytes });
  const images = candidates.map(({ image }) => image);
  const openBlob = async (descriptor: Descriptor): ReturnType<typeof openVerified> => {
    await request.receive(names.join(', '), [descriptor]);
    return openVerified(request, descriptor);
  };
  const result = await mounter.mount({ engine, info, images, packs: mountable, openBlob, signal });
  const ms = Math.round(performance.now() - startedAt);
  const reports = await checkMounted(request, result, candidates, ms);
  return { reports, result };
}

async function findCandidates(
  request: MountImagesRequest,
  layers: PackedLayers,
): Promise<readonly Candidate[]> {
  const { meeting, platform, emit, signal } = request;
  const found: Candidate[] = [];
  for (const entry of request.entries) {
    const name = entryName(entry);
    try {
      const image = await readImage(meeting.blobs, entry, platform, signal);
      if (await isPresent(request, image)) continue;
      const { lacking } = packsFor(image.diffIds, layers);
      if (hasRepeatedTree(image.diffIds, layers)) {
        emit({
          type: 'warning',
          message: `cannot mount ${name}: it has a layer twice, and an overlay takes none twice`,
        });
      } else if (lacking.length === 0) found.push({ name, image });
      else if (lacking.length < image.diffIds.length) {
        const list = lacking.map(shortDigest).join(', ');
        emit({
          type: 'warning',
          message: `cannot mount ${name}: no pack of the bundle has its layers ${list}`,
        });
      }
    } catch (error) {
      // The other way will meet it again, and tell it.
      if (!isDrayError(error) || isDrayError(error, 'ABORTED')) throw error;
    }
  }
  return found;
}

async function isPresent(
  { engine, info, signal }: MountImagesRequest,
  image: LoadableImage,
): Promise<boolean> {
  if (info === undefined || image.reference === undefined) return false;
  const found = await engine.inspect(image.reference, signal);
  return found !== undefined && isThere(engine, info, found, image, signal);
}

async function openVerified(
  { local, signal }: MountImagesRequest,
  descriptor: Descriptor,
): Promise<ReturnType<typeof verifying>> {
  const bytes = await local.blobs.open(descriptor, signal === undefined ? {} : { signal });
  return verifying(bytes, descriptor, local.location);
}

/** What the engine does not show is left for another way, and that is told. */
async function checkMounted(
  { emit, signal }: MountImagesRequest,
  { engine }: MountResult,
  candidates: readonly Candidate[],
  ms: number,
): Promise<readonly LoadImageReport[]> {
  const info = await engine.describe(signal);
  const reports: LoadImageReport[] = [];
  for (const { name, image } of candidates) {
    const found = await engine.inspect(image.reference ?? image.config.digest, signal);
    if (found === undefined || !(await isThere(engine, info, found, image, signal))) {
      emit({
        type: 'warning',
        message: `cannot find ${name} in the engine after mounting it; it is loaded instead`,
      });
      continue;
    }
    const total = image.layers.length;
    reports.push({
      reference: name,
      configDigest: image.config.digest,
      manifestDigest: image.manifest.digest,
      delivery: 'mount',
      layers: { total, sent: 0, skipped: total },
      bytesSent: 0,
      ms,
    });
  }
  return reports;
}
