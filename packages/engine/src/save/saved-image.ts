import { familiarReference, formatPlatform, platformMatches } from '@drayage/core';
import type { BundleEntry } from '@drayage/core/bundle';
import { distinctDescriptors } from '@drayage/core/image';
import type { Descriptor, Digest, DrayError, Reference } from '@drayage/core';
import type { ComposedImage, SaveRun, WantedImage } from './save-run.ts';

/** The result for one reference. */
export type SavedImage = ImageInBundle | ImageNotSaved;

/** An image that the bundle has completely; the bundle's index does not list it yet. */
export interface ImageInBundle {
  readonly state: 'saved';
  readonly reference: Reference;
  /** The entry to add to the bundle's index. */
  readonly entry: BundleEntry;
  readonly manifestDigest: Digest;
  readonly configDigest: Digest;
  /** All blobs that a handover must copy, each digest once. */
  readonly blobs: readonly Descriptor[];
  /** Bytes of indexes, manifest, config and layers, as stored. */
  readonly bytes: number;
  /** Count of layers. */
  readonly layers: number;
}

/** An image that could not be saved. */
export interface ImageNotSaved {
  readonly state: 'failed';
  readonly reference: Reference;
  readonly error: DrayError;
}

/** The results for every name of an image; also emits them as events. */
export function* savedImages(
  run: SaveRun,
  image: WantedImage,
  composed: ComposedImage,
): Generator<ImageInBundle> {
  for (const reference of image.references) {
    warnOfOtherPlatform(run, reference, composed);
    for (const blob of distinctDescriptors([composed.config, ...composed.layers]))
      emitBlob(run, reference, blob);
    const result = describeSaved(reference, composed);
    for (const { digest } of result.blobs) run.needed.add(digest);
    yield result;
  }
}

/** The same failure for every name of an image. */
export function notSaved({ references }: WantedImage, error: DrayError): readonly ImageNotSaved[] {
  return references.map((reference) => ({ state: 'failed', reference, error }));
}

function describeSaved(reference: Reference, composed: ComposedImage): ImageInBundle {
  const { entry, innerIndexes, config, layers } = composed;
  const { target, manifest, convertedManifest } = entry;
  const originals = distinctDescriptors([target, ...innerIndexes, manifest, config, ...layers]);
  return {
    state: 'saved',
    reference,
    entry: { reference, target, manifest, convertedManifest },
    manifestDigest: manifest.digest,
    configDigest: config.digest,
    blobs: distinctDescriptors([
      ...originals,
      ...(convertedManifest === undefined ? [] : [convertedManifest]),
    ]),
    bytes: originals.reduce((sum, { size }) => sum + size, 0),
    layers: layers.length,
  };
}

/** Reports a shared blob as fetched for the first image or name, and as reused for the others. */
function emitBlob(run: SaveRun, reference: Reference, descriptor: Descriptor): void {
  const { digest, size } = descriptor;
  const ms = run.needed.has(digest) ? undefined : run.written.get(digest);
  run.emit({
    type: 'blob',
    reference: familiarReference(reference),
    descriptor,
    bytesFetched: ms === undefined ? 0 : size,
    ms: Math.round(ms ?? 0),
  });
}

function warnOfOtherPlatform(run: SaveRun, reference: Reference, { entry }: ComposedImage): void {
  const { platform } = entry.manifest;
  if (platform === undefined || platformMatches(run.platform, platform)) return;
  const [has, wanted] = [formatPlatform(platform), formatPlatform(run.platform)];
  const message = `${familiarReference(reference)} exists only for ${has}; ${wanted} was requested`;
  run.emit({ type: 'warning', message });
}
