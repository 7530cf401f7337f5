import { Readable } from 'node:stream';
import type { BlobStore } from '../blob-store.ts';
import { readImageContent, type ReadContent } from '../bundle/image-content.ts';
import { copyBlob, type BlobSource, type CopyBlobRequest } from '../handover/copy-blob.ts';
import type { PrepullImage } from '../image-set/prepull-image.ts';
import { convertToOci } from '../image/converted-manifest.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { imageBlobs } from '../image/image-content.ts';
import { forPlatform } from '../image/manifest-choice.ts';
import { formatPlatform } from '../image/platform.ts';
import { familiarReference, type Reference } from '../image/reference.ts';
import { platformRuns } from '../image/select-platform.ts';
import type { Source } from '../source.ts';
import { throwIfAborted } from '../store/abort.ts';
import { putBytes } from '../store/put-bytes.ts';
import type { Transport } from '../transport.ts';
import type { BundleContext, ExpectedLayer, FetchedImage, ImageOrigin } from './bundle-context.ts';
import { handOver } from './hand-over.ts';
import { resolveImage } from './resolve-image.ts';
import { withTrueSize } from './true-size.ts';

type Announce = (layers: readonly ExpectedLayer[]) => void;

/** The fetch of one image from a registry. */
interface Fetch extends BundleContext {
  readonly source: Source;
  readonly reference: Reference;
  /** Names the image in messages. */
  readonly what: string;
  /** Aborts when the image cannot be had any more: what has not begun does not begin. */
  readonly givenUp: AbortController;
}

/** Fetches images from registries: of each image the first candidate that exists. */
export function fromRegistry(source: Source): ImageOrigin {
  return (context, images, announce) =>
    new Map(
      images.map((image) => [
        image,
        fetchImage(context, source, image, (layers) => {
          announce(image, layers);
        }),
      ]),
    );
}

async function fetchImage(
  context: BundleContext,
  source: Source,
  image: PrepullImage,
  announce: Announce,
): Promise<FetchedImage> {
  const { pool, signal, emit } = context;
  const { reference, target: named } = await pool.run(() => resolveImage(source, image, signal), signal);
  const what = familiarReference(reference);
  emit({ type: 'resolved', reference: what, digest: named.digest });
  const fetch: Fetch = {
    ...context,
    ...{ source, reference, what, origin: reference, givenUp: new AbortController() },
  };
  const content = await withTrueSize(named, (sized) => fetchContent(fetch, sized, announce));
  warnOfOtherPlatform(fetch, content);
  const { target, config, layers, platform } = content;
  const manifest = { ...content.manifest, platform };
  const convertedManifest = await putConvertedManifest(fetch, content);
  const all = imageBlobs(content);
  return {
    entry: { reference, target, manifest, convertedManifest },
    manifestDigest: manifest.digest,
    configDigest: config.digest,
    bytes: all.reduce((sum, { size }) => sum + size, 0),
    layers: layers.length,
    isElsewhere: all.some(({ digest }) => context.elsewhere.has(digest)),
  };
}

/**
 * Fetches manifests, config and layers. Starts with the layers as soon as the manifest has arrived. If packs
 * may hold some layers, it waits for the config, which says which ones.
 */
async function fetchContent(fetch: Fetch, target: Descriptor, announce: Announce): Promise<ReadContent> {
  const { blobs, form, packed, platform, signal, what } = fetch;
  const fetches = new Map<Digest, Promise<void>>();
  const fetchLayer = (layer: Descriptor): Promise<void> => {
    const fetching = fetches.get(layer.digest) ?? ensureBlob(fetch, layer, 'layer');
    fetches.set(layer.digest, fetching);
    // Suppresses unhandledRejection; each is awaited below.
    fetching.catch(() => undefined);
    return fetching;
  };
  const leavesOut = form === 'packs' && packed.size > 0;
  try {
    const content = await readImageContent(target, {
      what,
      async open(descriptor, kind) {
        await (kind === 'manifest' ? fetchBlob : ensureBlob)(fetch, descriptor, kind);
        return (fetch.elsewhere.has(descriptor.digest) ? storeElsewhere(fetch) : blobs).open(descriptor, {
          signal,
        });
      },
      choice: forPlatform(platform, what),
      onManifest: ({ layers }) => {
        if (!leavesOut) for (const layer of layers) void fetchLayer(layer);
      },
    });
    announce(
      content.layers.flatMap((layer, position) => {
        const diffId = content.diffIds[position];
        if (diffId === undefined) return [];
        const isPacked = leavesOut && packed.has(diffId);
        return [{ diffId, layer, arrived: isPacked ? Promise.resolve() : fetchLayer(layer) }];
      }),
    );
    return content;
  } finally {
    await allSettledOrThrow([...fetches.values()]);
  }
}

/** Fetches a blob unless the bundle has it. Images that share a blob share the fetch. */
async function ensureBlob(fetch: Fetch, descriptor: Descriptor, kind: BlobKind): Promise<void> {
  const running = fetch.inFlight.get(descriptor.digest);
  // If the other image failed to get it, this one's repository may still have it.
  if (running !== undefined && (await succeeded(running))) return;
  const fetching = fetchBlob(fetch, descriptor, kind);
  fetch.inFlight.set(descriptor.digest, fetching);
  await fetching;
}

type BlobKind = 'manifest' | 'config' | 'layer';

/**
 * The first blob that cannot be had gives up its image: what waits for a place fails as soon as it gets one.
 * What runs goes on, as another image or the next pre-pull may want it.
 */
async function copyUnlessGivenUp(
  { givenUp, signal }: Fetch,
  copy: CopyBlobRequest,
  kind: BlobKind,
): Promise<number> {
  const title = `read blob ${copy.descriptor.digest}`;
  throwIfAborted(signal, title);
  throwIfAborted(givenUp.signal, title);
  try {
    return await copyBlob(copy);
  } catch (error) {
    // In here, because the place is given to the next blob as soon as this one has settled.
    if (kind !== 'manifest') givenUp.abort(error);
    throw error;
  }
}

async function fetchBlob(fetch: Fetch, descriptor: Descriptor, kind: BlobKind): Promise<void> {
  const { emit, pool, signal, what } = fetch;
  const startedAt = performance.now();
  const copy = {
    ...{ descriptor, from: sourceOf(fetch, descriptor, kind), to: fetch, signal },
    onBytes: (count: number) => {
      emit({ type: 'bytes', count });
    },
  };
  let bytesFetched: number;
  if (await mayStayElsewhere(fetch, descriptor)) {
    bytesFetched = await pool.run(() => fetchUnlessElsewhere(fetch, copy, kind));
  } else {
    bytesFetched = await pool.run(() => copyUnlessGivenUp(fetch, copy, kind));
    if (kind !== 'layer' || fetch.form !== 'packs') await handOver(fetch, descriptor);
  }
  if (kind === 'manifest') return;
  const ms = Math.round(performance.now() - startedAt);
  emit({ type: 'blob', reference: what, descriptor, bytesFetched, ms });
}

/** Packs are made here, from blobs that are here. */
async function mayStayElsewhere(
  { handover, form, blobs }: Fetch,
  { digest, size }: Descriptor,
): Promise<boolean> {
  return handover !== undefined && form === 'layers' && (await blobs.stat(digest))?.size !== size;
}

/**
 * Sends a blob to the handover location, and fetches it only when the location opens it: not if it is there
 * already, or if the registry of the location has it and can share it.
 */
async function fetchUnlessElsewhere(fetch: Fetch, copy: CopyBlobRequest, kind: BlobKind): Promise<number> {
  const { blobs, location, emit, reference, signal } = fetch;
  const { descriptor } = copy;
  const handover = { location: placeOf(fetch).location, blobs: storeElsewhere(fetch) };
  let bytesFetched: number | undefined;
  const bytesSent = await copyBlob({
    descriptor,
    from: {
      location,
      async open(offset) {
        bytesFetched ??= await copyUnlessGivenUp(fetch, copy, kind);
        return blobs.open(descriptor, { offset, signal });
      },
    },
    to: handover,
    origin: reference,
    signal,
  });
  if (bytesSent > 0) emit({ type: 'sent', blobs: 1, bytes: bytesSent });
  if (bytesFetched === undefined) fetch.elsewhere.add(descriptor.digest);
  return bytesFetched ?? 0;
}

function placeOf({ handover }: Fetch): Transport {
  if (handover === undefined) throw new Error('without a handover location nothing is elsewhere');
  return handover;
}

function storeElsewhere(fetch: Fetch): BlobStore {
  return placeOf(fetch).blobs;
}

function sourceOf({ source, reference }: Fetch, descriptor: Descriptor, kind: BlobKind): BlobSource {
  return {
    location: `${reference.registry}/${reference.repository}`,
    async open(offset, signal) {
      if (kind !== 'manifest') return source.openBlob(reference, descriptor, { offset, signal });
      return Readable.from([(await source.fetchManifest(reference, descriptor, signal)).subarray(offset)]);
    },
  };
}

async function putConvertedManifest(
  fetch: Fetch,
  { parsed, platform }: ReadContent,
): Promise<Descriptor | undefined> {
  const converted = convertToOci(parsed);
  if (converted === undefined) return undefined;
  await putBytes(fetch.blobs, converted);
  await handOver(fetch, converted.descriptor);
  return { ...converted.descriptor, platform };
}

function warnOfOtherPlatform({ what, platform, emit }: Fetch, content: ReadContent): void {
  if (platformRuns(platform, content.platform)) return;
  const [has, wanted] = [formatPlatform(content.platform), formatPlatform(platform)];
  emit({ type: 'warning', message: `${what} exists only for ${has}; ${wanted} was requested` });
}

async function succeeded(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

/**
 * Waits for all, so that no blob is still being written when an image is abandoned; then throws the first
 * failure.
 */
async function allSettledOrThrow(promises: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
