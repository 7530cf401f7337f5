import { Readable } from 'node:stream';
import {
  digestOf,
  parseReference,
  type ByteStream,
  type Descriptor,
  type LoadableImage,
  type Reference,
} from '@drayage/core';
import { mediaTypes } from '@drayage/core/image';

export interface TestImageOptions {
  /** Undefined: the image has no name. */
  readonly name?: string | undefined;
  /** Stored bytes of the layers, bottom first. */
  readonly layers: readonly Uint8Array[];
  readonly layerType?: string | undefined;
  /** Adds an index above the manifest. */
  readonly isIndexed?: boolean | undefined;
}

/** An image and access to its layers. */
export interface TestImage {
  readonly image: LoadableImage;
  readonly openLayer: (layer: Descriptor) => Promise<ByteStream>;
}

/** An image with consistent documents; its layers are any given bytes. */
export function testImage(options: TestImageOptions): TestImage {
  const { layers, layerType = mediaTypes.ociLayerGzip, isIndexed = false } = options;
  const layerDescriptors = layers.map((bytes) => describe(layerType, bytes));
  const diffIds = layers.map((bytes) => digestOf(Buffer.concat([Buffer.from('diff'), bytes])));
  const configBytes = json({
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const config = describe(mediaTypes.ociConfig, configBytes);
  const manifestBytes = json({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: layerDescriptors,
  });
  const manifest = describe(mediaTypes.ociManifest, manifestBytes);
  const indexBytes = json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [manifest] });
  const target = isIndexed ? describe(mediaTypes.ociIndex, indexBytes) : manifest;
  const targetBytes = isIndexed ? indexBytes : manifestBytes;
  return {
    image: {
      reference: referenceOf(options.name),
      innerIndexes: [],
      ...{ target, targetBytes, manifest, manifestBytes, config, configBytes, diffIds },
      layers: layerDescriptors,
    },
    openLayer: (layer) =>
      Promise.resolve(Readable.from(layers.filter((bytes) => digestOf(bytes) === layer.digest).slice(0, 1))),
  };
}

function referenceOf(name: string | undefined): Reference | undefined {
  return name === undefined ? undefined : parseReference(name);
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
