import { distinctDescriptors, type Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/**
 * One image for one platform: its layers, and its documents with their exact bytes. Never re-serialise them.
 */
export interface ImageContent {
  /** The index or manifest that a reference names. */
  readonly target: Descriptor;
  readonly targetBytes: Uint8Array;
  /** The indexes between `target` and `manifest`, outermost first; empty unless indexes are nested. */
  readonly innerIndexes: readonly DocumentBytes[];
  /** Equals `target` when there is no index. */
  readonly manifest: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly config: Descriptor;
  readonly configBytes: Uint8Array;
  /** Bottom first, as the manifest lists them. */
  readonly layers: readonly Descriptor[];
  /** Bottom first, one for each layer. */
  readonly diffIds: readonly Digest[];
}

/** A document with its exact bytes. */
export interface DocumentBytes {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** The documents of an image, outermost first, each digest once. Pure. */
export function imageDocuments(image: Omit<ImageContent, 'layers' | 'diffIds'>): readonly DocumentBytes[] {
  const { target, targetBytes, innerIndexes, manifest, manifestBytes, config, configBytes } = image;
  const all = new Map<Digest, DocumentBytes>();
  for (const document of [
    { descriptor: target, bytes: targetBytes },
    ...innerIndexes,
    { descriptor: manifest, bytes: manifestBytes },
    { descriptor: config, bytes: configBytes },
  ]) {
    if (!all.has(document.descriptor.digest)) all.set(document.descriptor.digest, document);
  }
  return [...all.values()];
}

/** The blobs of an image: its documents and layers, each digest once. Pure. */
export function imageBlobs(image: ImageContent): readonly Descriptor[] {
  const documents = imageDocuments(image).map(({ descriptor }) => descriptor);
  return distinctDescriptors([...documents, ...image.layers]);
}
