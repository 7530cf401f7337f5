import type { Descriptor } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { mediaTypes, type LayerCompression } from '../image/media-types.ts';
import type { Platform } from '../image/platform.ts';
import { compressLayer } from './compress.ts';
import { createRandom, type Random } from './random.ts';
import { createTar, type TarEntry } from './tar.ts';

export interface RandomImageOptions {
  /** The same options and seed give the same bytes (default 1). */
  readonly seed?: number | undefined;
  /** Count of layers (default 2). */
  readonly layers?: number | undefined;
  /** Bytes of file content in each layer, before compression (default 4096); they do not compress. */
  readonly size?: number | undefined;
  /** Default linux/amd64. */
  readonly platform?: Platform | undefined;
  /** The family of media types (default oci). Docker has none for zstd: such a layer keeps the OCI type. */
  readonly mediaTypes?: 'oci' | 'docker' | undefined;
  /** The compression of every layer, or of each layer in turn (default gzip). */
  readonly compression?: LayerCompression | readonly LayerCompression[] | undefined;
}

/** A generated image with real layers and correct digests, diffIds and sizes. */
export interface RandomImage {
  /** What a registry returns for its tag: here the manifest. */
  readonly target: Descriptor;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  /** Bottom first. */
  readonly layers: readonly Descriptor[];
  /** Bottom first. */
  readonly diffIds: readonly Digest[];
  readonly platform: Platform;
  /** All of the above by digest, as a registry stores it. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

/** An index of generated images. */
export interface RandomIndex {
  readonly target: Descriptor;
  /** In the order of the requested platforms. */
  readonly images: readonly RandomImage[];
  /** The blobs of all images, and the index. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

const linuxAmd64: Platform = { os: 'linux', architecture: 'amd64' };

/**
 * Generates an image from a seed. Its layers contain directories, files and links; upper layers also a
 * whiteout.
 */
export function randomImage(options: RandomImageOptions = {}): RandomImage {
  const random = createRandom(options.seed ?? 1);
  const flavour = options.mediaTypes ?? 'oci';
  const platform = options.platform ?? linuxAmd64;
  const layers = Array.from({ length: options.layers ?? 2 }, (_, position) =>
    createLayer(random, position, compressionOf(options, position), flavour, options.size ?? 4096),
  );
  const diffIds = layers.map(({ diffId }) => diffId);
  const config = jsonBlob(configType(flavour), createConfig(platform, diffIds));
  const manifest = jsonBlob(flavour === 'oci' ? mediaTypes.ociManifest : mediaTypes.dockerManifest, {
    schemaVersion: 2,
    mediaType: flavour === 'oci' ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  return {
    target: manifest.descriptor,
    manifest: manifest.descriptor,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    diffIds,
    platform,
    blobs: byDigest([manifest, config, ...layers]),
  };
}

/**
 * An index with one image for each platform (default linux/amd64 and linux/arm64), each with its own seed.
 */
export function randomIndex(
  options: Omit<RandomImageOptions, 'platform'> & {
    readonly platforms?: readonly Platform[] | undefined;
  } = {},
): RandomIndex {
  const platforms = options.platforms ?? [linuxAmd64, { os: 'linux', architecture: 'arm64' }];
  const images = platforms.map((platform, position) =>
    randomImage({ ...options, platform, seed: (options.seed ?? 1) * 1000 + position }),
  );
  const mediaType = options.mediaTypes === 'docker' ? mediaTypes.dockerManifestList : mediaTypes.ociIndex;
  const index = jsonBlob(mediaType, {
    schemaVersion: 2,
    mediaType,
    manifests: images.map(({ manifest, platform }) => ({ ...manifest, platform })),
  });
  const blobs = new Map(images.flatMap((image) => [...image.blobs]));
  return { target: index.descriptor, images, blobs: blobs.set(index.descriptor.digest, index.bytes) };
}

interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

function createLayer(
  random: Random,
  position: number,
  compression: LayerCompression,
  flavour: 'oci' | 'docker',
  size: number,
): Blob & { readonly diffId: Digest } {
  const tar = createTar(layerEntries(random, position, size));
  const bytes = compressLayer(tar, compression);
  const descriptor = descriptorOf(layerType(flavour, compression), bytes);
  return { descriptor, bytes, diffId: digestOf(tar) };
}

function layerEntries(random: Random, position: number, size: number): readonly TarEntry[] {
  const folder = `layer-${String(position)}`;
  const half = Math.floor(size / 2);
  const whiteout =
    position === 0
      ? []
      : [{ type: 'file', path: `layer-${String(position - 1)}/.wh.b`, bytes: new Uint8Array() } as const];
  return [
    { type: 'directory', path: `${folder}/` },
    { type: 'file', path: `${folder}/a`, bytes: random.bytes(half), mode: 0o755 },
    { type: 'file', path: `${folder}/b`, bytes: random.bytes(size - half) },
    { type: 'symlink', path: `${folder}/to-a`, target: 'a' },
    { type: 'hardlink', path: `${folder}/again`, target: `${folder}/a` },
    ...whiteout,
  ];
}

function createConfig(platform: Platform, diffIds: readonly Digest[]): Readonly<Record<string, unknown>> {
  return {
    created: '2023-11-14T22:13:20Z',
    ...platform,
    config: { Env: ['PATH=/bin'], Cmd: ['/layer-0/a'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created: '2023-11-14T22:13:20Z', created_by: 'randomImage' })),
  };
}

function compressionOf({ compression }: RandomImageOptions, position: number): LayerCompression {
  const all = compression === undefined ? ['gzip' as const] : [compression].flat();
  return all[position % Math.max(1, all.length)] ?? 'gzip';
}

function configType(flavour: 'oci' | 'docker'): string {
  return flavour === 'oci' ? mediaTypes.ociConfig : mediaTypes.dockerConfig;
}

function layerType(flavour: 'oci' | 'docker', compression: LayerCompression): string {
  if (compression === 'zstd') return mediaTypes.ociLayerZstd;
  const types =
    flavour === 'oci'
      ? { none: mediaTypes.ociLayer, gzip: mediaTypes.ociLayerGzip }
      : { none: mediaTypes.dockerLayer, gzip: mediaTypes.dockerLayerGzip };
  return types[compression];
}

function jsonBlob(mediaType: string, value: unknown): Blob {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return { descriptor: descriptorOf(mediaType, bytes), bytes };
}

function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

function byDigest(blobs: readonly Blob[]): ReadonlyMap<Digest, Uint8Array> {
  return new Map(blobs.map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
}
