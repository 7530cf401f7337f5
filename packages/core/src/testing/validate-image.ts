import { reasonOf } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { digestOf, type Digest } from '../image/digest.ts';
import { parseImageConfig } from '../image/image-config.ts';
import { parseManifest, type Manifest } from '../image/manifest.ts';
import { layerCompression } from '../image/media-types.ts';
import { decompressLayer } from './compress.ts';

export interface ValidateImageOptions {
  /** A real Zstandard decompressor; without it, only the layers of `randomImage` can be read. */
  readonly decompressZstd?: ((bytes: Uint8Array) => Uint8Array) | undefined;
}

type Blobs = ReadonlyMap<Digest, Uint8Array>;

/**
 * Recomputes every digest, size and diffId of an image and returns all mismatches; none means a valid image.
 * Of an index, checks the present images, and requires at least one.
 */
export function validateImage(
  blobs: Blobs,
  target: Descriptor,
  options: ValidateImageOptions = {},
): readonly string[] {
  const bytes = blobs.get(target.digest);
  if (bytes === undefined) return [`${target.digest} (manifest): missing`];
  const problems = [...checkBytes(target, bytes, 'manifest')];
  try {
    const parsed = parseManifest(bytes, target.mediaType);
    if (parsed.kind === 'manifest') return [...problems, ...validateManifest(blobs, parsed, options)];
    const held = parsed.manifests.filter(({ digest }) => blobs.has(digest));
    if (held.length === 0) problems.push(`${target.digest} (index): all of its manifests are missing`);
    return [...problems, ...held.flatMap((manifest) => validateImage(blobs, manifest, options))];
  } catch (error) {
    return [...problems, `${target.digest} (manifest): ${reasonOf(error)}`];
  }
}

function validateManifest(
  blobs: Blobs,
  manifest: Manifest,
  options: ValidateImageOptions,
): readonly string[] {
  const { config, layers } = manifest;
  const configBytes = blobs.get(config.digest);
  if (configBytes === undefined) return [`${config.digest} (config): missing`];
  const problems = [...checkBytes(config, configBytes, 'config')];
  const { diffIds } = parseImageConfig(configBytes);
  if (diffIds.length !== layers.length) {
    problems.push(
      `${config.digest} (config): ${String(diffIds.length)} diffIds for ${String(layers.length)} layers`,
    );
  }
  return [
    ...problems,
    ...layers.flatMap((layer, position) => validateLayer(blobs, layer, diffIds[position], options)),
  ];
}

function validateLayer(
  blobs: Blobs,
  layer: Descriptor,
  diffId: Digest | undefined,
  options: ValidateImageOptions,
): readonly string[] {
  const bytes = blobs.get(layer.digest);
  if (bytes === undefined) return [`${layer.digest} (layer): missing`];
  const problems = [...checkBytes(layer, bytes, 'layer')];
  try {
    const actual = digestOf(decompress(bytes, layer, options));
    if (actual !== diffId)
      problems.push(`${layer.digest} (layer): diffId ${actual}, expected ${String(diffId)}`);
  } catch (error) {
    problems.push(`${layer.digest} (layer): ${reasonOf(error)}`);
  }
  return problems;
}

function decompress(bytes: Uint8Array, layer: Descriptor, options: ValidateImageOptions): Uint8Array {
  const compression = layerCompression(layer.mediaType);
  if (compression === undefined) throw new Error(`unknown media type ${layer.mediaType}`);
  if (compression === 'zstd' && options.decompressZstd !== undefined) return options.decompressZstd(bytes);
  return decompressLayer(bytes, compression);
}

function checkBytes({ digest, size }: Descriptor, bytes: Uint8Array, what: string): readonly string[] {
  const actual = digestOf(bytes);
  return [
    ...(bytes.byteLength === size
      ? []
      : [`${digest} (${what}): ${String(bytes.byteLength)} bytes, expected ${String(size)}`]),
    ...(actual === digest ? [] : [`${digest} (${what}): hashes to ${actual}`]),
  ];
}
