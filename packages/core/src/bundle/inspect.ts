import type { BlobStore } from '../blob-store.ts';
import { isDrayError, reasonOf } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import { parseImageConfig } from '../image/image-config.ts';
import type { JsonObject } from '../image/json.ts';
import { formatPlatform } from '../image/platform.ts';
import { familiarReference } from '../image/reference.ts';
import { createDirectoryBlobStore } from '../store/directory-blob-store.ts';
import { createDirectoryDocumentStore } from '../store/directory-document-store.ts';
import { checkLayout } from '../store/layout.ts';
import { emptyIndex, readBundleIndex, type BundleEntry } from './bundle-index.ts';
import { entryManifests, manifestBlobs, type ContainedManifest } from './contents.ts';
import { readOwnDocument } from './own-documents.ts';
import { packedLayers, readPacks, type PackedLayers } from './packed-layers.ts';
import { missingBlobs, type MissingBlob } from './presence.ts';
import type { PackFilesystem } from './pack-types.ts';
import { readBlobBytes } from './image-content.ts';

/** One image of a bundle, for one platform. */
export interface InspectedImage {
  /** The familiar name, else the name in the bundle; absent when the image has no name. */
  readonly reference?: string | undefined;
  /** The digest that the reference names: of the index, or of the manifest. */
  readonly targetDigest: Digest;
  /** Absent when the bundle has no manifest of the index. */
  readonly manifestDigest?: Digest | undefined;
  readonly configDigest?: Digest | undefined;
  /** `OS/ARCH[/VARIANT]`. */
  readonly platform?: string | undefined;
  readonly layers: number;
  /** Bytes of all its blobs, as stored; shared blobs count for each image. */
  readonly bytes: number;
  /** True when every blob is present in its full size. `verifyBundle` checks the digests. */
  readonly complete: boolean;
  /** Why the image is incomplete. */
  readonly problem?: string | undefined;
}

export interface InspectedPack {
  /** The digest of its manifest. */
  readonly digest: Digest;
  readonly filesystem: PackFilesystem;
  /** Bytes of its file. */
  readonly bytes: number;
  /** Count of layers. */
  readonly layers: number;
}

export interface BundleInspection {
  /** In the order of `index.json`. */
  readonly images: readonly InspectedImage[];
  /** The readable packs, oldest first. */
  readonly packs: readonly InspectedPack[];
  /** Count of all blobs. */
  readonly blobs: number;
  /** Bytes of all blobs, each counted once. */
  readonly bytes: number;
  /** The status document as stored; absent when the bundle has none. */
  readonly status?: JsonObject | undefined;
}

/**
 * Describes the bundle in `dir` without hashing its layers. @throws DrayError `BUNDLE_INVALID`,
 * `BUNDLE_VERSION_UNSUPPORTED`, `BUNDLE_UNSAFE`, `STATUS_INVALID`, `STORE_IO`
 */
export async function inspectBundle(dir: string, signal?: AbortSignal): Promise<BundleInspection> {
  await checkLayout(dir);
  const blobs = createDirectoryBlobStore(dir);
  const documents = createDirectoryDocumentStore(dir);
  const { entries, packs: manifests } = (await readBundleIndex(documents, signal)) ?? emptyIndex;
  const packs = await readPacks(blobs, manifests, { onBroken: () => undefined, signal });
  const packed = packedLayers(packs);
  const images: InspectedImage[] = [];
  for (const entry of entries) images.push(...(await inspectEntry(blobs, entry, packed, signal)));
  const totals = { blobs: 0, bytes: 0 };
  for await (const { size } of blobs.list(signal)) {
    totals.blobs += 1;
    totals.bytes += size;
  }
  const status = await readOwnDocument(documents, 'dray-status.json', signal);
  return {
    images,
    packs: packs.map(({ manifest, image, filesystem, layers }) => ({
      digest: manifest.digest,
      filesystem,
      bytes: image.size,
      layers: layers.length,
    })),
    ...totals,
    ...(status === undefined ? {} : { status }),
  };
}

async function inspectEntry(
  blobs: BlobStore,
  entry: BundleEntry,
  packed: PackedLayers,
  signal: AbortSignal | undefined,
): Promise<readonly InspectedImage[]> {
  const naming = entryNaming(entry);
  try {
    const manifests = await entryManifests(blobs, entry, signal);
    const held = manifests.filter(
      ({ manifest, descriptor }) => manifest !== undefined && descriptor.platform?.os !== 'unknown',
    );
    if (held.length === 0) return [incomplete(entry, 'the bundle has none of its manifests')];
    return await Promise.all(
      held.map((contained) => inspectManifest(blobs, naming, contained, packed, signal)),
    );
  } catch (error) {
    if (!isDrayError(error)) throw error;
    return [incomplete(entry, reasonOf(error))];
  }
}

async function inspectManifest(
  blobs: BlobStore,
  naming: Naming,
  contained: ContainedManifest,
  packed: PackedLayers,
  signal: AbortSignal | undefined,
): Promise<InspectedImage> {
  const parts = manifestBlobs(contained);
  const missing = await missingBlobs(blobs, contained, packed, signal);
  const config = contained.manifest?.config;
  const platform = await findPlatform(blobs, contained, missing, signal);
  return {
    ...naming,
    manifestDigest: contained.descriptor.digest,
    ...(config === undefined ? {} : { configDigest: config.digest }),
    ...(platform === undefined ? {} : { platform }),
    layers: contained.manifest?.layers.length ?? 0,
    bytes: parts.reduce((sum, { size }) => sum + size, 0),
    complete: missing.length === 0,
    ...(missing[0] === undefined ? {} : { problem: missingLabel(missing[0], missing.length) }),
  };
}

async function findPlatform(
  blobs: BlobStore,
  { descriptor, manifest }: ContainedManifest,
  missing: readonly MissingBlob[],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  if (descriptor.platform !== undefined) return formatPlatform(descriptor.platform);
  const { config } = manifest ?? {};
  if (config === undefined || missing.some((blob) => blob.descriptor.digest === config.digest))
    return undefined;
  const what = `config ${config.digest}`;
  return formatPlatform(parseImageConfig(await readBlobBytes(blobs, config, what, signal), what).platform);
}

type Naming = Pick<InspectedImage, 'reference' | 'targetDigest'>;

function entryNaming({ reference, name, target }: BundleEntry): Naming {
  const shown = reference === undefined ? name : familiarReference(reference);
  return { reference: shown, targetDigest: target.digest };
}

function incomplete(entry: BundleEntry, problem: string): InspectedImage {
  return { ...entryNaming(entry), layers: 0, bytes: 0, complete: false, problem };
}

function missingLabel({ descriptor: { digest } }: MissingBlob, count: number): string {
  const others = count === 1 ? '' : ` and ${String(count - 1)} more`;
  return `blob ${digest}${others} missing or cut short`;
}
