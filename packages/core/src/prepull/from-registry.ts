import type { ByteStream } from '../blob-store.ts';
import { readBlobBytes } from '../bundle/read-image.ts';
import { distinctDescriptors } from '../handover/plan.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { checkLayerCount, parseImageConfig, type ImageConfig } from '../image/image-config.ts';
import { checkImageLayers, checkManifestSize, parseManifest, selectManifest } from '../image/manifest.ts';
import type { Manifest } from '../image/manifest.ts';
import { convertToOci } from '../image/converted-manifest.ts';
import { formatPlatform, platformMatches } from '../image/platform.ts';
import { familiarReference, type Reference } from '../image/reference.ts';
import type { Source } from '../source.ts';
import type { BundleContext, FetchImage, FetchedImage, ImageOrigin } from './bundle-context.ts';
import { handOver } from './hand-over.ts';
import { resolveImage } from './resolve-image.ts';

type BlobKind = 'config' | 'layer';

interface FetchContext extends BundleContext {
  readonly source: Source;
}

/** Images straight from registries: the first candidate of each that exists. */
export function fromRegistry(source: Source): ImageOrigin {
  return (bundle) => {
    const context = { ...bundle, source };
    return async (image, announce) => {
      const { signal } = bundle;
      const found = await bundle.pool.run(() => resolveImage(source, image, signal), signal);
      return fetchImage(context, found.reference, found.target, announce);
    };
  };
}

async function fetchImage(
  context: FetchContext,
  reference: Reference,
  target: Descriptor,
  announce: Parameters<FetchImage>[1],
): Promise<FetchedImage> {
  context.emit({ type: 'resolved', reference: familiarReference(reference), digest: target.digest });
  const chosen = await fetchManifest(context, reference, target);
  const what = familiarReference(reference);
  checkImageLayers(chosen.manifest, what);
  const config = await fetchContent(context, reference, chosen.manifest, announce);
  warnOfOtherPlatform(context, what, config);
  const manifest = { ...chosen.descriptor, platform: config.platform };
  const convertedManifest = await putConvertedManifest(context, chosen.manifest, config);
  const all = distinctDescriptors([target, manifest, chosen.manifest.config, ...chosen.manifest.layers]);
  return {
    entry: { reference, target, manifest, convertedManifest },
    manifestDigest: chosen.descriptor.digest,
    configDigest: chosen.manifest.config.digest,
    bytes: all.reduce((sum, blob) => sum + blob.size, 0),
    layers: chosen.manifest.layers.length,
  };
}

/** Fetches config and layers. Where packs may hold some layers, the config must come first: it tells which. */
async function fetchContent(
  context: FetchContext,
  reference: Reference,
  manifest: Manifest,
  announce: Parameters<FetchImage>[1],
): Promise<ImageConfig> {
  const what = familiarReference(reference);
  checkManifestSize(manifest.config.size, `the config of ${what}`);
  const fetches = new Map<Digest, Promise<void>>();
  const fetchLayer = (layer: Descriptor): Promise<void> => {
    const fetching = fetches.get(layer.digest) ?? ensureBlob(context, reference, layer, 'layer');
    fetches.set(layer.digest, fetching);
    // Each is waited for below.
    fetching.catch(() => undefined);
    return fetching;
  };
  const leavesOut = context.form === 'packs' && context.packed.size > 0;
  if (!leavesOut) for (const layer of manifest.layers) void fetchLayer(layer);
  try {
    await ensureBlob(context, reference, manifest.config, 'config');
    const configBytes = await readBlobBytes(context.blobs, manifest.config, `the config of ${what}`);
    const config = parseImageConfig(configBytes, `the config of ${what}`);
    checkLayerCount(manifest, config, what);
    announce(
      config.diffIds.flatMap((diffId, position) => {
        const layer = manifest.layers[position];
        if (layer === undefined) return [];
        const isPacked = leavesOut && context.packed.has(diffId);
        return [{ diffId, layer, arrived: isPacked ? Promise.resolve() : fetchLayer(layer) }];
      }),
    );
    return config;
  } finally {
    await allSettledOrThrow([...fetches.values()]);
  }
}

async function fetchManifest(
  context: FetchContext,
  reference: Reference,
  target: Descriptor,
): Promise<{ readonly descriptor: Descriptor; readonly manifest: Manifest }> {
  const what = familiarReference(reference);
  const parsed = parseManifest(await ensureManifestBytes(context, reference, target), target.mediaType, what);
  if (parsed.kind === 'manifest') return { descriptor: target, manifest: parsed };
  const descriptor = selectManifest(parsed, context.platform, what);
  const manifest = parseManifest(
    await ensureManifestBytes(context, reference, descriptor),
    descriptor.mediaType,
    what,
  );
  if (manifest.kind === 'manifest') return { descriptor, manifest };
  // selectManifest chooses by media type, and parseManifest requires that the bytes agree with it.
  throw new Error(`index ${target.digest} led to another index`);
}

async function putConvertedManifest(
  context: FetchContext,
  manifest: Manifest,
  { platform }: ImageConfig,
): Promise<Descriptor | undefined> {
  const convertedManifest = convertToOci(manifest);
  if (convertedManifest === undefined) return undefined;
  const { descriptor, bytes } = convertedManifest;
  await context.blobs.put(descriptor, (offset) => Promise.resolve(once(bytes.subarray(offset))));
  await handOver(context, descriptor);
  return { ...descriptor, platform };
}

async function ensureManifestBytes(
  context: FetchContext,
  reference: Reference,
  descriptor: Descriptor,
): Promise<Uint8Array> {
  const what = `the manifest of ${familiarReference(reference)}`;
  checkManifestSize(descriptor.size, what);
  await context.pool.run(
    () =>
      putBlob(context, descriptor, async (offset) => {
        const bytes = await context.source.fetchManifest(reference, descriptor, context.signal);
        return once(bytes.subarray(offset));
      }),
    context.signal,
  );
  await handOver(context, descriptor);
  return readBlobBytes(context.blobs, descriptor, what);
}

/** Fetches a blob unless the bundle has it. Two images that share one wait for the same fetch. */
async function ensureBlob(
  context: FetchContext,
  reference: Reference,
  descriptor: Descriptor,
  kind: BlobKind,
): Promise<void> {
  const running = context.inFlight.get(descriptor.digest);
  // When the other image could not get it, perhaps this one's repository can.
  if (running !== undefined && (await succeeded(running))) return;
  const fetching = fetchBlob(context, reference, descriptor, kind);
  context.inFlight.set(descriptor.digest, fetching);
  await fetching;
}

async function fetchBlob(
  context: FetchContext,
  reference: Reference,
  descriptor: Descriptor,
  kind: BlobKind,
): Promise<void> {
  const { source, signal } = context;
  const startedAt = performance.now();
  const bytesFetched = await context.pool.run(
    () =>
      putBlob(context, descriptor, (offset) => source.openBlob(reference, descriptor, { offset, signal })),
    signal,
  );
  if (kind === 'config' || context.form !== 'packs') await handOver(context, descriptor);
  const ms = Math.round(performance.now() - startedAt);
  context.emit({ type: 'blob', reference: familiarReference(reference), descriptor, bytesFetched, ms });
}

async function putBlob(
  context: FetchContext,
  descriptor: Descriptor,
  open: (offset: number) => Promise<ByteStream>,
): Promise<number> {
  const counted = async (offset: number): Promise<ByteStream> => counting(await open(offset), context.emit);
  const { signal } = context;
  const { bytesRead } = await context.blobs.put(descriptor, counted, signal === undefined ? {} : { signal });
  return bytesRead;
}

function warnOfOtherPlatform(context: FetchContext, what: string, config: ImageConfig): void {
  if (platformMatches(context.platform, config.platform)) return;
  const [has, wanted] = [formatPlatform(config.platform), formatPlatform(context.platform)];
  context.emit({ type: 'warning', message: `${what} exists only for ${has}; it was asked for as ${wanted}` });
}

async function* counting(bytes: ByteStream, emit: FetchContext['emit']): ByteStream {
  for await (const chunk of bytes) {
    emit({ type: 'bytes', count: chunk.byteLength });
    yield chunk;
  }
}

async function* once(bytes: Uint8Array): ByteStream {
  yield await Promise.resolve(bytes);
}

async function succeeded(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

/** Waits for all, so that no blob is still being written when an image is given up; then throws the first failure. */
async function allSettledOrThrow(promises: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
