import { DrayError, isDrayError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { arrayMember, isObject, parseJsonObject, type JsonObject } from '../image/json.ts';
import { parseDescriptor } from '../image/manifest.ts';
import { isManifestType, mediaTypes } from '../image/media-types.ts';
import { familiarReference, formatReference, sameReference, tryParseReference } from '../image/reference.ts';
import type { Reference } from '../image/reference.ts';
import { printable } from '../redact.ts';
import { formatWithChecksum, matchesChecksum } from '../store/document-checksum.ts';
import type { DocumentStore } from '../transport.ts';
import { packArtifactType } from './pack-types.ts';

/** The `index.json` of a bundle: which images it holds. */
export interface BundleIndex {
  /** In the order they were added; no reference occurs twice. */
  readonly entries: readonly BundleEntry[];
  /** The manifests of the bundle's packs, oldest first; each digest once. */
  readonly packs: readonly Descriptor[];
}

export interface BundleEntry {
  /** The image's name; undefined when it carries no name, or only one without a repository. */
  readonly reference?: Reference | undefined;
  /** The name exactly as the index carries it, if any. */
  readonly name?: string | undefined;
  /** The index or manifest that the reference names. */
  readonly target: Descriptor;
  /** The manifest in the bundle; undefined: choose from `target` by platform. */
  readonly manifest?: Descriptor | undefined;
  /**
   * The converted manifest of a Docker image, listed in `index.json` for tools that read only OCI media
   * types.
   */
  readonly convertedManifest?: Descriptor | undefined;
}

/** The version that drayage writes, and the newest it reads. */
const bundleVersion = 1;

/** A bundle's index before the first image. */
export const emptyIndex: BundleIndex = { entries: [], packs: [] };

const annotationKeys = {
  version: 'dev.drayage.bundle.version',
  // image-spec v1.1.1, annotations.md: skopeo, umoci and podman find an image by this annotation.
  refName: 'org.opencontainers.image.ref.name',
  // Written by containerd, BuildKit and `docker save`: the full name when ref.name is only the tag.
  imageName: 'io.containerd.image.name',
} as const;

/**
 * A descriptor that an entry records in annotations: `dev.drayage.<kind>.digest`, `.mediaType` and `.size`.
 */
type OriginKind = 'index' | 'manifest';
const originKinds: readonly OriginKind[] = ['index', 'manifest'];

/**
 * The index of a bundle, or undefined when it has none yet. @throws DrayError `BUNDLE_INVALID`,
 * `BUNDLE_VERSION_UNSUPPORTED`; what the store throws
 */
export async function readBundleIndex(
  documents: DocumentStore,
  signal?: AbortSignal,
): Promise<BundleIndex | undefined> {
  const bytes = await documents.read('index.json', signal);
  return bytes === undefined ? undefined : parseBundleIndex(bytes);
}

/**
 * Parses an `index.json`, from drayage or any other tool. When a reference occurs twice, the last entry
 * counts.
 * @throws DrayError `BUNDLE_INVALID`, `BUNDLE_VERSION_UNSUPPORTED`
 * @see image-spec v1.1.1, image-layout.md "index.json file"
 */
export function parseBundleIndex(bytes: Uint8Array): BundleIndex {
  try {
    const object = parseJsonObject(bytes, 'index.json');
    checkBundleVersion(object);
    if (!matchesChecksum(bytes, object)) throw damagedIndex();
    const listed = arrayMember(object, 'manifests', 'index.json').map((value) => ({
      isPack: isObject(value) && value['artifactType'] === packArtifactType,
      descriptor: parseDescriptor(value, 'index.json'),
    }));
    return listed.reduce(
      (index, { isPack, descriptor }) =>
        isPack ? withPack(index, descriptor) : withEntry(index, parseEntry(descriptor)),
      emptyIndex,
    );
  } catch (error) {
    if (!isDrayError(error, 'MANIFEST_INVALID', 'DIGEST_INVALID')) throw error;
    throw new DrayError('BUNDLE_INVALID', `cannot read bundle index: ${error.message}`, {
      hint: 'Delete the bundle and pre-pull again.',
      cause: error,
    });
  }
}

/**
 * Serialises an `index.json`; the same index gives the same bytes. Lists each image as its platform's
 * manifest, for tools that do not choose a platform; annotations name the registry's index, if there was one.
 */
export function formatBundleIndex(index: BundleIndex): Uint8Array {
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [...index.entries.map(formatEntry), ...index.packs.map(formatPackEntry)],
    annotations: { [annotationKeys.version]: String(bundleVersion) },
  };
  return formatWithChecksum(document, 2);
}

/** Replaces the entry with the same reference, or appends `entry`. */
export function withEntry(index: BundleIndex, entry: BundleEntry): BundleIndex {
  const position = index.entries.findIndex((other) => replaces(entry, other));
  const entries = position < 0 ? [...index.entries, entry] : index.entries.with(position, entry);
  return { ...index, entries };
}

/** Appends a pack unless the index lists it already. */
export function withPack(index: BundleIndex, { mediaType, digest, size }: Descriptor): BundleIndex {
  if (index.packs.some((pack) => pack.digest === digest)) return index;
  return { ...index, packs: [...index.packs, { mediaType, digest, size }] };
}

/** What reports call an entry: its familiar name, else any name it carries, else its digest. */
export function entryName(entry: BundleEntry): string {
  return entry.reference === undefined
    ? (entry.name ?? entry.target.digest)
    : familiarReference(entry.reference);
}

export function withoutPacks(index: BundleIndex, dropped: ReadonlySet<Digest>): BundleIndex {
  return { ...index, packs: index.packs.filter(({ digest }) => !dropped.has(digest)) };
}

function replaces(entry: BundleEntry, other: BundleEntry): boolean {
  if (entry.reference === undefined || other.reference === undefined) {
    const isUnnamed = entry.reference === undefined && other.reference === undefined;
    return isUnnamed && entry.name === other.name && entry.target.digest === other.target.digest;
  }
  return sameReference(entry.reference, other.reference);
}

function checkBundleVersion(object: JsonObject): void {
  const annotations = object['annotations'];
  const version = isObject(annotations) ? annotations[annotationKeys.version] : undefined;
  if (version === undefined || version === String(bundleVersion)) return;
  const found = typeof version === 'string' ? printable(version, 50) : JSON.stringify(version);
  throw new DrayError(
    'BUNDLE_VERSION_UNSUPPORTED',
    `cannot read bundle index: it has version ${found}, made by a newer drayage; version ${String(bundleVersion)} is supported`,
    { hint: 'Update drayage here.', details: { version: found } },
  );
}

function damagedIndex(): DrayError {
  const message = 'cannot read bundle index: its checksum does not match, so it is damaged';
  return new DrayError('BUNDLE_INVALID', message, {
    hint: 'Copy the bundle or pre-pull again. After editing index.json by hand, remove its checksum.',
  });
}

function parseEntry(descriptor: Descriptor): BundleEntry {
  const annotations = descriptor.annotations ?? {};
  const names = [annotations[annotationKeys.imageName], annotations[annotationKeys.refName]];
  const reference = names.map(parseFullName).find((parsed) => parsed !== undefined);
  const name = names.find((candidate) => candidate !== undefined && candidate !== '');
  const naming = {
    reference,
    name,
  };
  const listed = withoutOwnAnnotations(descriptor);
  if (!isManifestType(listed.mediaType)) return { ...naming, target: listed };
  const original = originDescriptor('manifest', annotations);
  const manifest = original === undefined ? listed : withPlatformOf(listed, original);
  return {
    ...naming,
    target: originDescriptor('index', annotations) ?? manifest,
    manifest,
    ...(original === undefined ? {} : { convertedManifest: listed }),
  };
}

/** A bare tag such as `latest` names no repository: it would parse as `docker.io/library/latest`. */
function parseFullName(name: string | undefined): Reference | undefined {
  return name !== undefined && /[/:@]/.test(name) ? tryParseReference(name) : undefined;
}

function originDescriptor(
  kind: OriginKind,
  annotations: Readonly<Record<string, string>>,
): Descriptor | undefined {
  const keys = originKeys(kind);
  const digest = annotations[keys.digest];
  if (digest === undefined) return undefined;
  const size = annotations[keys.size] ?? '';
  const mediaType = annotations[keys.mediaType];
  return parseDescriptor(
    { mediaType, digest, size: /^\d{1,15}$/.test(size) ? Number(size) : undefined },
    `${keys.digest} in index.json`,
  );
}

function originAnnotations(kind: OriginKind, origin: Descriptor): Readonly<Record<string, string>> {
  const keys = originKeys(kind);
  return {
    [keys.digest]: origin.digest,
    [keys.mediaType]: origin.mediaType,
    [keys.size]: String(origin.size),
  };
}

function originKeys(kind: OriginKind): {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: string;
} {
  const prefix = `dev.drayage.${kind}`;
  return { digest: `${prefix}.digest`, mediaType: `${prefix}.mediaType`, size: `${prefix}.size` };
}

function withPlatformOf({ platform }: Descriptor, descriptor: Descriptor): Descriptor {
  return platform === undefined ? descriptor : { ...descriptor, platform };
}

function withoutOwnAnnotations({ annotations, ...descriptor }: Descriptor): Descriptor {
  const origins = originKinds.flatMap((kind) => Object.values(originKeys(kind)));
  const own = new Set<string>([...Object.values(annotationKeys), ...origins]);
  const foreign = Object.entries(annotations ?? {}).filter(([key]) => !own.has(key));
  return foreign.length === 0 ? descriptor : { ...descriptor, annotations: Object.fromEntries(foreign) };
}

function formatEntry({ reference, name, target, manifest, convertedManifest }: BundleEntry): JsonObject {
  const held = manifest ?? target;
  const listed = convertedManifest ?? held;
  const fullName = reference === undefined ? undefined : formatReference(reference);
  const annotations = {
    ...withoutOwnAnnotations(listed).annotations,
    ...(fullName === undefined ? {} : { [annotationKeys.imageName]: fullName }),
    ...((fullName ?? name) === undefined ? {} : { [annotationKeys.refName]: fullName ?? name }),
    ...(held.digest === target.digest ? {} : originAnnotations('index', target)),
    ...(convertedManifest === undefined ? {} : originAnnotations('manifest', held)),
  };
  return {
    mediaType: listed.mediaType,
    digest: listed.digest,
    size: listed.size,
    ...(listed.platform === undefined ? {} : { platform: formatPlatformMember(listed) }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations: sortedByKey(annotations) }),
  };
}

function formatPackEntry({ mediaType, digest, size }: Descriptor): JsonObject {
  return { mediaType, digest, size, artifactType: packArtifactType };
}

function formatPlatformMember({ platform }: Descriptor): JsonObject {
  return { architecture: platform?.architecture, os: platform?.os, variant: platform?.variant };
}

function sortedByKey(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
