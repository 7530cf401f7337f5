import { emptyIndex, readBundleIndex, type BundleEntry } from '../bundle/bundle-index.ts';
import { packBlobs } from '../bundle/pack.ts';
import type { Pack } from '../bundle/pack-types.ts';
import { packedLayers, packsFor, readPacks } from '../bundle/packed-layers.ts';
import { incompleteBlobs } from '../bundle/presence.ts';
import { readImage } from '../bundle/read-image.ts';
import { reasonOf } from '../errors.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import { shortDigest, type Digest } from '../image/digest.ts';
import type { DocumentStore } from '../transport.ts';
import type { Announce, BundleContext, ExpectedLayer, FetchedImage, ImageOrigin } from './bundle-context.ts';
import { handOver } from './hand-over.ts';
import type { IndexWriter } from './index-writer.ts';
import { Packing, type PackingOptions, type PackingResult } from './packing.ts';

/** A pre-pull that makes packs. */
export interface PackingRun {
  /** Replaces the set-up's origin: an image counts as fetched once its packs are handed over. */
  readonly origin: ImageOrigin;
  /** Deletes what the packs have replaced. Call it once the index lists every image. */
  finish(): Promise<void>;
}

export interface PackingSetUp {
  readonly options: PackingOptions;
  readonly context: BundleContext;
  /** Provides the images. */
  readonly origin: ImageOrigin;
  /** The packs already in the bundle. */
  readonly earlier: readonly Pack[];
  readonly indexes: readonly IndexWriter[];
  /** Count of images. */
  readonly images: number;
}

/** The complete and readable packs in a bundle. */
export async function readEarlierPacks(
  { blobs, emit, signal }: Pick<BundleContext, 'blobs' | 'emit' | 'signal'>,
  documents: DocumentStore,
): Promise<readonly Pack[]> {
  const { packs: manifests } = (await readBundleIndex(documents, signal)) ?? emptyIndex;
  const packs = await readPacks(blobs, manifests, {
    onBroken: ({ digest }, error) => {
      emit({ type: 'warning', message: `pack ${shortDigest(digest)} will be rebuilt: ${reasonOf(error)}` });
    },
    signal,
  });
  const whole: Pack[] = [];
  for (const pack of packs) {
    if ((await incompleteBlobs(blobs, packBlobs(pack), signal)).length === 0) whole.push(pack);
  }
  return whole;
}

/** Packs the layers of the images that were fetched, and hands the packs over. */
export function startPacking(setUp: PackingSetUp): PackingRun {
  const { options, context, earlier, images } = setUp;
  const packing = new Packing(options, context, options.repack ? [] : earlier, images);
  const published = packing.result.then((result) => publish(setUp, result));
  // Suppresses unhandledRejection; each image awaits it.
  published.catch(() => undefined);
  const packImage = async (
    fetching: Promise<FetchedImage>,
    announced: AnnouncedLayers,
  ): Promise<FetchedImage> => {
    const { fetched, layers } = await fetchLayers(context, packing, fetching, announced);
    const { unpacked } = await published;
    // Layers that no pack can hold are handed over as they are.
    const loose = context.form === 'packs' ? layers.filter(({ diffId }) => unpacked.has(diffId)) : [];
    await handOver(context, ...loose.map(({ layer }) => layer));
    return fetched;
  };
  return {
    origin: (_, images) => {
      const announced = new Map<PrepullImage, readonly ExpectedLayer[]>();
      const announce: Announce = (image, layers) => {
        announced.set(image, layers);
        packing.announce(layers);
      };
      const fetches = setUp.origin(context, images, announce);
      return new Map(
        [...fetches].map(([image, fetching]) => [image, packImage(fetching, () => announced.get(image))]),
      );
    },
    finish: async () => {
      const { packs, unpacked } = await published;
      await dropPackedLayers(setUp, packing.layers(), unpacked);
      if (options.repack) await dropReplacedPacks(setUp, packs);
    },
  };
}

/** Undefined until the origin has announced the layers. */
type AnnouncedLayers = () => readonly ExpectedLayer[] | undefined;

async function fetchLayers(
  context: BundleContext,
  packing: Packing,
  fetching: Promise<FetchedImage>,
  announced: AnnouncedLayers,
): Promise<{ readonly fetched: FetchedImage; readonly layers: readonly ExpectedLayer[] }> {
  try {
    const fetched = await fetching;
    const early = announced();
    if (early !== undefined) return { fetched, layers: early };
    const layers = await arrivedLayers(context, fetched.entry);
    packing.announce(layers);
    return { fetched, layers };
  } catch (error) {
    if (announced() === undefined) packing.giveUp();
    throw error;
  }
}

/** The layers of an image that is already in the bundle. */
async function arrivedLayers(
  { blobs, platform, signal }: BundleContext,
  entry: BundleEntry,
): Promise<readonly ExpectedLayer[]> {
  const image = await readImage(blobs, entry, platform, signal);
  return image.diffIds.flatMap((diffId, position) => {
    const layer = image.layers[position];
    return layer === undefined ? [] : [{ diffId, layer, arrived: Promise.resolve() }];
  });
}

async function publish({ context, indexes }: PackingSetUp, result: PackingResult): Promise<PackingResult> {
  await handOver(context, ...result.packs.flatMap(packBlobs));
  for (const index of indexes) {
    await index.setPacks(
      result.packs.map(({ manifest }) => manifest),
      new Set(),
    );
  }
  return result;
}

async function dropPackedLayers(
  { options, context }: PackingSetUp,
  layers: readonly ExpectedLayer[],
  unpacked: ReadonlySet<Digest>,
): Promise<void> {
  if (options.form === 'both') return;
  for (const { diffId, layer } of layers) {
    if (!unpacked.has(diffId)) await context.blobs.delete(layer.digest, context.signal);
  }
}

/** Deletes the earlier packs that no image needs in addition to the new ones. */
async function dropReplacedPacks(
  { context, earlier, indexes }: PackingSetUp,
  kept: readonly Pack[],
): Promise<void> {
  const { blobs, documents, platform, signal } = context;
  const { entries } = (await readBundleIndex(documents, signal)) ?? emptyIndex;
  const diffIds: Digest[] = [];
  for (const entry of entries) diffIds.push(...(await readImage(blobs, entry, platform, signal)).diffIds);
  const newest = packedLayers(kept);
  const rest = diffIds.filter((diffId) => !newest.has(diffId));
  const needed = new Set([...kept, ...packsFor(rest, packedLayers(earlier)).packs].map(manifestDigest));
  const dropped = earlier.filter((pack) => !needed.has(manifestDigest(pack)));
  for (const index of indexes) await index.setPacks([], new Set(dropped.map(manifestDigest)));
  const used = new Set([...kept, ...earlier.filter((pack) => !dropped.includes(pack))].flatMap(blobDigests));
  for (const digest of dropped.flatMap(blobDigests)) {
    if (!used.has(digest)) await blobs.delete(digest, signal);
  }
}

function manifestDigest({ manifest }: Pack): Digest {
  return manifest.digest;
}

function blobDigests(pack: Pack): readonly Digest[] {
  return packBlobs(pack).map(({ digest }) => digest);
}
