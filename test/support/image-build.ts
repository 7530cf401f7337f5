import { createHash } from 'node:crypto';

import type { LayerEntry } from './layer-entries.ts';
import { buildLayer, type BuiltLayer, type Compression } from './layers.ts';
import { documentTypes, layerMediaType, type MediaTypes } from './media-types.ts';
import type { Blob } from './push.ts';

/** Operating system, architecture and variant in Go's spelling. */
export interface TestPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** What an image is made of. The same spec always gives the same bytes. */
export interface ImageSpec {
  /** Bottom first. */
  readonly layers: readonly (readonly LayerEntry[])[];
  /** Put into the `config` of the image config: Cmd, Env, Labels… */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Default: OCI. */
  readonly mediaTypes?: MediaTypes;
  /** Default: gzip. */
  readonly compression?: Compression;
  /** Default: linux/amd64. */
  readonly platform?: TestPlatform;
}

/** An image with known bytes, which exists only on this machine so far. */
export interface BuiltImage {
  readonly manifest: Document;
  readonly config: Document;
  readonly layers: readonly BuiltLayer[];
  readonly platform: TestPlatform;
}

/** A JSON document as it is stored. */
export interface Document {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The layers that are files in a folder already, by the entries that they were built from. */
export type BuiltLayers = Map<readonly LayerEntry[], BuiltLayer>;

/**
 * Builds an image; its layers are files in the folder. What is in `built` is taken from there, and the rest
 * is added.
 */
export async function buildImage(
  folder: string,
  spec: ImageSpec,
  built: BuiltLayers = new Map(),
): Promise<BuiltImage> {
  const {
    mediaTypes = 'oci',
    compression = 'gzip',
    platform = { os: 'linux', architecture: 'amd64' },
  } = spec;
  const layers: BuiltLayer[] = [];
  for (const entries of spec.layers) {
    const layer = built.get(entries) ?? (await buildLayer(folder, entries, compression));
    built.set(entries, layer);
    layers.push(layer);
  }
  const config = makeDocument(documentTypes[mediaTypes].config, {
    ...platform,
    created: '1970-01-01T00:00:00Z',
    config: { Env: ['PATH=/bin:/usr/bin:/usr/local/bin'], ...spec.config },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, index) => ({
      created: '1970-01-01T00:00:00Z',
      created_by: `layer ${String(index)}`,
    })),
  });
  return { manifest: makeManifest(mediaTypes, config, layers), config, layers, platform };
}

/**
 * A layer, 0 is the bottom one. Throws when the image has no such layer, so that no assertion about it is
 * vacuous.
 */
export function layerOf({ layers }: Pick<BuiltImage, 'layers'>, position: number): BuiltLayer {
  const layer = layers[position];
  if (layer === undefined)
    throw new Error(`cannot find layer ${String(position)}: there are ${String(layers.length)}`);
  return layer;
}

/** Makes a JSON document with its digest. */
export function makeDocument(mediaType: string, value: object): Document {
  const bytes = Buffer.from(JSON.stringify(value, null, 2));
  return { mediaType, bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

/** Describes a document to another one. */
export function descriptorOf({ mediaType, digest, bytes }: Document): object {
  return { mediaType, digest, size: bytes.length };
}

/** Lists what must be in a repository before the manifest of an image. */
export function blobsOf({ config, layers }: BuiltImage): Blob[] {
  return [
    ...layers.map(({ digest, sizeBytes, file }) => ({ digest, sizeBytes, content: { file } })),
    { digest: config.digest, sizeBytes: config.bytes.length, content: config.bytes },
  ];
}

function makeManifest(mediaTypes: MediaTypes, config: Document, layers: readonly BuiltLayer[]): Document {
  const { manifest } = documentTypes[mediaTypes];
  return makeDocument(manifest, {
    schemaVersion: 2,
    mediaType: manifest,
    config: descriptorOf(config),
    layers: layers.map(({ digest, sizeBytes, compression }) => ({
      mediaType: layerMediaType(mediaTypes, compression),
      digest,
      size: sizeBytes,
    })),
  });
}
