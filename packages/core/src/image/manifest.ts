import { DrayError } from '../errors.ts';
import { printable } from '../redact.ts';
import type { Descriptor } from './descriptor.ts';
import { parseDigest } from './digest.ts';
import { isObject, optionalArray, optionalString, parseJsonObject, stringMember } from './json.ts';
import type { JsonObject } from './json.ts';
import {
  isIndexType,
  isManifestType,
  isSchema1Type,
  isUnnamedLayer,
  isUnsaidType,
  layerCompression,
  mediaTypes,
} from './media-types.ts';
import { formatPlatform, normalizePlatform, type Platform } from './platform.ts';
import { selectPlatform } from './select-platform.ts';

/**
 * Bytes. Registries refuse to store larger manifests; we refuse to buffer them. @see distribution-spec v1.1.1
 * "Pushing Manifests"
 */
export const maxManifestBytes: number = 4 * 1024 * 1024;

/** The parsed manifest of one image. Its digest covers the original bytes, not this object. */
export interface Manifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  /** Bottom first. */
  readonly layers: readonly Descriptor[];
}

/** A parsed image index or manifest list. */
export interface Index {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

/** A manifest or index with its exact bytes. */
export interface ManifestDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly parsed: Manifest | Index;
}

/**
 * Parses the bytes of a manifest or index. `declaredType` comes from the registry or the descriptor; the
 * document's own `mediaType` must agree. With `mayRename`, either may use Docker's name where the other uses
 * OCI's: registries and indexes mix them up, and engines take the document's own.
 * @throws DrayError `MANIFEST_TOO_LARGE`, `MANIFEST_INVALID`, `SCHEMA1_UNSUPPORTED`, `MEDIA_TYPE_UNSUPPORTED`
 */
export function parseManifest(
  bytes: Uint8Array,
  declaredType: string | undefined,
  what = 'manifest',
  { mayRename = false }: { readonly mayRename?: boolean } = {},
): Manifest | Index {
  checkManifestSize(bytes.byteLength, what);
  const object = parseJsonObject(bytes, what);
  const mediaType = manifestMediaType(object, declaredType, { what, mayRename });
  if (isIndexType(mediaType)) {
    const manifests = optionalArray(object, 'manifests', what).map((entry) => parseEntry(entry, what));
    return { kind: 'index', mediaType, manifests };
  }
  return {
    kind: 'manifest',
    mediaType,
    config: parseDescriptor(object['config'], `config of ${what}`),
    layers: optionalArray(object, 'layers', what).map((entry) => parseDescriptor(entry, `layer of ${what}`)),
  };
}

/** @throws DrayError `MANIFEST_TOO_LARGE` when `size` (bytes) is over {@link maxManifestBytes} */
export function checkManifestSize(size: number, what: string): void {
  if (size <= maxManifestBytes) return;
  throw new DrayError(
    'MANIFEST_TOO_LARGE',
    `cannot read ${what}: it has ${String(size)} bytes, over the limit of 4 MiB`,
  );
}

/**
 * Checks that an engine can run the image: every layer has a known layer type. @throws DrayError
 * `MEDIA_TYPE_UNSUPPORTED`
 */
export function checkImageLayers(manifest: Manifest, what: string): void {
  const { config, layers } = manifest;
  const unknown = layers.find(
    ({ mediaType }) =>
      layerCompression(mediaType) === undefined && !isUnnamedLayer(mediaType, config.mediaType),
  );
  if (unknown === undefined) return;
  throw new DrayError(
    'MEDIA_TYPE_UNSUPPORTED',
    `cannot use ${what}: layer ${unknown.digest} has media type ${printable(unknown.mediaType, 200)}`,
    {
      hint: 'Pre-pull container images only; this looks like another kind of artifact.',
    },
  );
}

// An index may list tens of thousands.
const maxListedPlatforms = 20;

/**
 * The entry of an index for `wanted`, a manifest or an index. If no entry has a suitable platform, the first
 * without a platform, whose config decides.
 * @throws DrayError `PLATFORM_NOT_FOUND` that lists the platforms there are
 */
export function selectManifest(index: Index, wanted: Platform, what: string): Descriptor {
  const manifests = index.manifests.filter(
    ({ mediaType }) => isManifestType(mediaType) || isIndexType(mediaType) || isUnsaidType(mediaType),
  );
  const position = selectPlatform(
    wanted,
    manifests.map(({ platform }) => platform),
  );
  const chosen =
    position === undefined ? manifests.find(({ platform }) => platform === undefined) : manifests[position];
  if (chosen !== undefined) return chosen;
  const labels = index.manifests.flatMap(platformLabel).map((label) => printable(label, 100));
  const all = [...new Set(labels)].sort();
  const available = all.slice(0, maxListedPlatforms);
  const more = all.length - available.length;
  const list = `${available.join(', ')}${more === 0 ? '' : ` and ${String(more)} more`}`;
  throw new DrayError(
    'PLATFORM_NOT_FOUND',
    `cannot find ${formatPlatform(wanted)} in ${what}: it has ${all.length === 0 ? 'no platforms' : list}`,
    { hint: 'Choose one of these with --platform.', details: { available } },
  );
}

/** An entry of an index; some tools leave out its media type. */
function parseEntry(value: unknown, what: string): Descriptor {
  const isUnsaid = isObject(value) && (value['mediaType'] ?? undefined) === undefined;
  return parseDescriptor(isUnsaid ? { ...value, mediaType: '' } : value, what);
}

/** Parses one descriptor. @throws DrayError `MANIFEST_INVALID`, `DIGEST_INVALID` */
export function parseDescriptor(value: unknown, what: string): Descriptor {
  if (!isObject(value))
    throw new DrayError('MANIFEST_INVALID', `cannot parse ${what}: a descriptor is not an object`);
  const { size } = value;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new DrayError(
      'MANIFEST_INVALID',
      `cannot parse ${what}: the size of a descriptor is not a byte count`,
    );
  }
  const platform = parsePlatformMember(value['platform']);
  const annotations = parseAnnotations(value['annotations']);
  return {
    mediaType: stringMember(value, 'mediaType', what),
    digest: parseDigest(stringMember(value, 'digest', what), what),
    size,
    platform,
    annotations,
  };
}

function manifestMediaType(
  object: JsonObject,
  declaredType: string | undefined,
  { what, mayRename }: { readonly what: string; readonly mayRename: boolean },
): string {
  const declared = declaredType?.split(';')[0]?.trim();
  const own = optionalString(object, 'mediaType', what);
  if (object['schemaVersion'] === 1 || (declared !== undefined && isSchema1Type(declared)))
    throw schema1(what);
  const meaningful = [own, declared].filter(
    (type): type is string => type !== undefined && !isUnsaidType(type),
  );
  const mediaType = meaningful[0] ?? guessMediaType(object);
  if (mediaType === undefined || !(isIndexType(mediaType) || isManifestType(mediaType))) {
    throw new DrayError(
      'MEDIA_TYPE_UNSUPPORTED',
      `cannot use ${what}: unknown media type ${printable(mediaType ?? '(none)', 200)}`,
    );
  }
  const contradicting = meaningful.find(
    (type) => type !== mediaType && !(mayRename && isSameKind(type, mediaType)),
  );
  if (contradicting !== undefined) {
    // image-spec v1.1.1, manifest.md: mediaType "MUST" match the descriptor's; CVE-2021-41190 exploits a
    // mismatch.
    throw new DrayError(
      'MANIFEST_INVALID',
      `cannot parse ${what}: it says ${mediaType}, but was sent as ${printable(contradicting, 200)}`,
    );
  }
  if ('layers' in object && 'manifests' in object) {
    throw new DrayError('MANIFEST_INVALID', `cannot parse ${what}: it has both layers and manifests`);
  }
  return mediaType;
}

function isSameKind(a: string, b: string): boolean {
  return (isIndexType(a) && isIndexType(b)) || (isManifestType(a) && isManifestType(b));
}

function guessMediaType(object: JsonObject): string | undefined {
  if ('manifests' in object) return mediaTypes.ociIndex;
  return 'layers' in object ? mediaTypes.ociManifest : undefined;
}

function schema1(what: string): DrayError {
  return new DrayError(
    'SCHEMA1_UNSUPPORTED',
    `cannot use ${what}: it is a schema 1 manifest, which Docker withdrew`,
    {
      hint: 'Push the image again with a current Docker or BuildKit.',
    },
  );
}

function parsePlatformMember(value: unknown): Platform | undefined {
  if (!isObject(value) || typeof value['os'] !== 'string' || typeof value['architecture'] !== 'string')
    return undefined;
  if (value['os'] === '' && value['architecture'] === '') return undefined;
  const variant = value['variant'];
  return normalizePlatform({
    os: value['os'],
    architecture: value['architecture'],
    ...(typeof variant === 'string' ? { variant } : {}),
  });
}

function parseAnnotations(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isObject(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function platformLabel(entry: Descriptor): readonly string[] {
  // BuildKit lists attestations as unknown/unknown; a user cannot request them.
  return entry.platform === undefined || entry.platform.os === 'unknown'
    ? []
    : [formatPlatform(entry.platform)];
}
