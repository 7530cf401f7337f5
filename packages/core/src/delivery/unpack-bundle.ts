import {
  formatBundleIndex,
  readBundleIndex,
  withEntry,
  emptyIndex,
  entryName,
} from '../bundle/bundle-index.ts';
import type { BundleEntry } from '../bundle/bundle-index.ts';
import { packedLayers, readPacks, type PackedLayers } from '../bundle/packed-layers.ts';
import { readImage } from '../bundle/read-image.ts';
import type { DirectoryTransport } from '../handover/directory-transport.ts';
import { hostPlatform } from '../image/platform.ts';
import { convertManifestToOci } from '../image/converted-manifest.ts';
import { throwIfAborted } from '../store/abort.ts';
import { checkLayout } from '../store/layout.ts';
import { putBytes } from '../store/put-bytes.ts';
import { verifying } from '../store/verifying.ts';
import type { Transport } from '../transport.ts';
import { openPackedLayer, providePack, type PackAccess } from './pack-access.ts';
import { loadableFrom, locateLayers, type LayerPlace } from './unpacked-image.ts';

export interface UnpackOptions {
  readonly packs: Omit<PackAccess, 'mounting'>;
  /** Called after each layer. */
  readonly onLayer?: ((layer: { readonly reference: string; readonly bytes: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BundleUnpacking {
  /** Images with layers that were only in packs. */
  readonly images: readonly string[];
  /** Count of rebuilt layers. */
  readonly layers: number;
  /** Bytes of their tars. */
  readonly bytes: number;
}

/**
 * Turns the packed layers of a bundle in a directory back into blobs: the original tars, under their diffIds,
 * with an OCI manifest over them for other tools. Keeps packs and original manifests. Works without root.
 * @throws DrayError `BUNDLE_INVALID`, `PACK_INVALID`, `PACK_TOOL_MISSING`, `DIGEST_MISMATCH`, `DISK_FULL`,
 * `STORE_IO`, `ABORTED`
 */
export async function unpackBundle(
  bundle: DirectoryTransport,
  options: UnpackOptions,
): Promise<BundleUnpacking> {
  const { signal } = options;
  await checkLayout(bundle.location);
  let index = (await readBundleIndex(bundle.documents, signal)) ?? emptyIndex;
  const packed = packedLayers(await readPacks(bundle.blobs, index.packs, { signal }));
  const images: string[] = [];
  let [layers, bytes] = [0, 0];
  for (const entry of index.entries) {
    throwIfAborted(signal, 'unpack the bundle');
    const unpacked = await unpackEntry(bundle, entry, packed, options);
    if (unpacked === undefined) continue;
    images.push(entryName(entry));
    layers += unpacked.layers.length;
    bytes += unpacked.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    index = withEntry(index, unpacked.entry);
    await bundle.documents.write('index.json', formatBundleIndex(index));
  }
  return { images, layers, bytes };
}

interface UnpackedEntry {
  readonly entry: BundleEntry;
  /** The rebuilt layers. */
  readonly layers: readonly LayerPlace[];
}

/** Undefined when the image needs no pack. */
async function unpackEntry(
  bundle: Transport,
  entry: BundleEntry,
  packed: PackedLayers,
  { packs, onLayer, signal }: UnpackOptions,
): Promise<UnpackedEntry | undefined> {
  const platform = entry.manifest?.platform ?? hostPlatform();
  const image = await readImage(bundle.blobs, entry, platform, signal);
  const places = await locateLayers(bundle.blobs, image, new Set(), packed, signal);
  const loadable = loadableFrom(image, places);
  const converted = convertManifestToOci(loadable);
  const { descriptor } = converted;
  // An earlier run has unpacked it.
  if (loadable === image || entry.convertedManifest?.digest === descriptor.digest) return undefined;
  const rebuilt: LayerPlace[] = [];
  for (const place of places.values()) {
    if (place.kind !== 'packed') continue;
    await providePack(packs, place.source.pack, () => Promise.resolve(), signal);
    await bundle.blobs.put(
      place.descriptor,
      () =>
        Promise.resolve(
          verifying(openPackedLayer(packs, bundle, place.source, signal), place.descriptor, bundle.location),
        ),
      { signal },
    );
    rebuilt.push(place);
    onLayer?.({ reference: entryName(entry), bytes: place.descriptor.size });
  }
  await putBytes(bundle.blobs, converted);
  const convertedManifest = { ...descriptor, platform };
  return {
    entry: { ...entry, manifest: { ...image.manifest, platform }, convertedManifest },
    layers: rebuilt,
  };
}
