import { gzipSync } from 'node:zlib';

import { digestOf, type Descriptor } from '@drayage/core';
import { mediaTypes } from '@drayage/core/image';
import { createTar } from '@drayage/core/testing';
import type { Place, ServedImage } from './shape.ts';

/** A layer as it is stored, and what it is unpacked. */
export interface ShapeLayer {
  readonly tar: Uint8Array;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** What differs from a plain OCI image of one gzip layer. */
export interface ImageOptions {
  readonly layers?: readonly ShapeLayer[];
  /** Docker names for documents; the layers keep theirs. */
  readonly isDocker?: boolean;
  readonly configType?: string;
  /** Members of the config and of the manifest that differ; undefined leaves one out. */
  readonly config?: object;
  readonly manifest?: object;
  /** Of the descriptors of the layers. */
  readonly layerDescriptor?: object;
  /** Of the descriptor of the config. */
  readonly configDescriptor?: object;
  /** The content type that the registry answers with. */
  readonly contentType?: string;
  readonly architecture?: string;
}

/** An image that a registry serves: the descriptor is its manifest's or index's. */
export interface AddedImage extends ServedImage {
  readonly descriptor: Descriptor;
  /** Its bytes. */
  readonly manifest: Uint8Array;
}

/** A tar with one file, another one for every text. */
export function tarWith(text: string): Uint8Array {
  return createTar([
    { type: 'directory', path: 'etc/' },
    { type: 'file', path: `etc/${text}`, bytes: Buffer.from(`${text}\n`) },
  ]);
}

/** A layer with one file. */
export function layerOf(
  text: string,
  mediaType: string = mediaTypes.ociLayerGzip,
  compress: (tar: Uint8Array) => Uint8Array = gzipSync,
): ShapeLayer {
  return tarLayer(tarWith(text), mediaType, compress);
}

/** A layer of the given tar. */
export function tarLayer(
  tar: Uint8Array,
  mediaType: string = mediaTypes.ociLayerGzip,
  compress: (tar: Uint8Array) => Uint8Array = gzipSync,
): ShapeLayer {
  return { tar, bytes: compress(tar), mediaType };
}

/** Puts an image into a registry. Without tags it is there by its digest only. */
export function addImage({ registry, repository, tags }: Place, options: ImageOptions = {}): AddedImage {
  const { layers = [layerOf(repository)], isDocker = false, architecture = 'amd64' } = options;
  const diffIds = layers.map(({ tar }) => digestOf(tar));
  const config = {
    ...{ architecture, os: 'linux', created: '2023-11-14T22:13:20Z', config: { Env: ['PATH=/bin'] } },
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...options.config,
  };
  const mediaType = isDocker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
  const configType = options.configType ?? (isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig);
  const configBlob = registry.addBlob(Buffer.from(JSON.stringify(config)), configType);
  const document = {
    ...{ schemaVersion: 2, mediaType, config: { ...configBlob, ...options.configDescriptor } },
    layers: layers.map(({ bytes, mediaType: type }) => ({
      ...registry.addBlob(bytes, type),
      ...options.layerDescriptor,
    })),
    ...options.manifest,
  };
  const manifest = Buffer.from(JSON.stringify(document));
  const descriptor = registry.addManifest(repository, tags, manifest, options.contentType ?? mediaType);
  return { descriptor: { ...descriptor, mediaType }, manifest, diffIds };
}

/** Puts an index into a registry, over entries that are there. */
export function addIndex(
  { registry, repository, tags }: Place,
  entries: readonly object[] | null,
  { isDocker = false, ...more }: { readonly isDocker?: boolean; readonly index?: object } = {},
): Descriptor {
  const mediaType = isDocker ? mediaTypes.dockerManifestList : mediaTypes.ociIndex;
  const index = { schemaVersion: 2, mediaType, manifests: entries, ...more.index };
  return registry.addManifest(repository, tags, index, mediaType);
}

/** The same place, for what is found by its digest only. */
export function untagged(place: Place): Place {
  return { ...place, tags: [] };
}
