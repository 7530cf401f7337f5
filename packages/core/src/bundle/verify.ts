import type { BlobStore } from '../blob-store.ts';
import { isDrayError, reasonOf, type ErrorCode } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import { throwIfAborted } from '../store/abort.ts';
import { createDirectoryBlobStore, listBlobDigests } from '../store/directory-blob-store.ts';
import { createDirectoryDocumentStore } from '../store/directory-document-store.ts';
import { checkLayout, hasBlobsDirectory } from '../store/layout.ts';
import { emptyIndex, entryName, readBundleIndex } from './bundle-index.ts';
import type { BundleEntry, BundleIndex } from './bundle-index.ts';
import { entryManifests, type ContainedManifest } from './contents.ts';
import { hashBlobs } from './hash-blobs.ts';
import { knownSizes } from './known-sizes.ts';
import { findDamagedDocuments } from './own-documents.ts';
import { packBlobs } from './pack.ts';
import type { Pack } from './pack-types.ts';
import { packedLayers, readPacks, type PackedLayers } from './packed-layers.ts';
import { incompleteBlobs, missingBlobs, type MissingBlob } from './presence.ts';
import { verifyPackRoots, type PackRootLister, type UncheckedPack } from './verify-pack-roots.ts';

export interface VerifyOptions {
  /** Called after each blob. */
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  /** Blobs read concurrently (default 2: one is read while another is hashed). */
  readonly concurrency?: number | undefined;
  /** Lists the roots of packs; without it they are not checked. */
  readonly packRoots?: PackRootLister | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface VerifyProgress {
  readonly blobs: number;
  readonly blobsTotal: number;
  /** Bytes hashed so far. */
  readonly bytes: number;
}

export interface BundleProblem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly digest?: Digest | undefined;
  /** The affected image, if known. */
  readonly reference?: string | undefined;
}

export interface BundleVerification {
  /** True when there are no problems. */
  readonly ok: boolean;
  /** Count of entries in the index. */
  readonly images: number;
  readonly blobs: number;
  /** Bytes hashed. */
  readonly bytes: number;
  /** Blobs first, ordered by digest, then images in the order of the index, then documents. */
  readonly problems: readonly BundleProblem[];
  /** Packs with the right digest whose root could not be listed. */
  readonly uncheckedPacks: readonly UncheckedPack[];
}

/**
 * Hashes every blob of the bundle in `dir`, and checks that every image is complete, that packs hold only
 * their layers, and the checksums of documents. The report lists damaged blobs, images and documents; a blob
 * that no image needs is not a problem.
 * @throws DrayError when the bundle cannot be read at all: `BUNDLE_INVALID`, `BUNDLE_VERSION_UNSUPPORTED`,
 * `BUNDLE_UNSAFE`, `STORE_IO`, `ABORTED`
 */
export async function verifyBundle(dir: string, options: VerifyOptions = {}): Promise<BundleVerification> {
  const { signal } = options;
  await checkLayout(dir);
  const documents = createDirectoryDocumentStore(dir);
  const index = (await readBundleIndex(documents, signal)) ?? emptyIndex;
  const blobs = createDirectoryBlobStore(dir);
  const digests = (await hasBlobsDirectory(dir)) ? await listBlobDigests(dir) : [];
  const sizes = await knownSizes(blobs, index, signal);
  const hashed = await hashAll(dir, digests, sizes, options);
  const problems = hashed.problems;
  const packs = await checkPacks(blobs, index, problems, signal);
  const damaged = new Set(problems.map(({ digest }) => digest));
  const proven = packs.filter(({ image }) => !damaged.has(image.digest));
  const roots = await verifyPackRoots(dir, proven, options.packRoots, signal);
  problems.push(...roots.faults.map(({ digest, error }) => problemOf(error, { digest })));
  const layers = packedLayers(packs);
  for (const entry of index.entries) problems.push(...(await checkEntry(blobs, entry, layers, signal)));
  problems.push(...(await findDamagedDocuments(documents, signal)).map((error) => problemOf(error, {})));
  return {
    ok: problems.length === 0,
    images: index.entries.length,
    blobs: digests.length,
    bytes: hashed.bytes,
    problems,
    uncheckedPacks: roots.unchecked,
  };
}

async function hashAll(
  dir: string,
  digests: readonly Digest[],
  sizes: ReadonlyMap<Digest, number>,
  { concurrency, onProgress, signal }: VerifyOptions,
): Promise<{ readonly bytes: number; readonly problems: BundleProblem[] }> {
  let [done, bytes] = [0, 0];
  const damaged = await hashBlobs({
    ...{ dir, digests, sizes, signal },
    concurrency: concurrency ?? 2,
    onBlob: (hashed) => {
      done += 1;
      bytes += hashed;
      onProgress?.({ blobs: done, blobsTotal: digests.length, bytes });
    },
  });
  return { bytes, problems: damaged.map(({ digest, error }) => problemOf(error, { digest })) };
}

/** Returns the usable packs and adds the faults of the others to the problems. */
async function checkPacks(
  blobs: BlobStore,
  { packs: manifests }: BundleIndex,
  problems: BundleProblem[],
  signal: AbortSignal | undefined,
): Promise<readonly Pack[]> {
  const packs = await readPacks(blobs, manifests, {
    onBroken: ({ digest }, error) => problems.push(problemOf(error, { digest })),
    signal,
  });
  const whole: Pack[] = [];
  for (const pack of packs) {
    const missing = await incompleteBlobs(blobs, packBlobs(pack), signal);
    problems.push(...missing.map((blob) => missingProblem(`pack ${pack.manifest.digest}`, blob)));
    if (missing.length === 0) whole.push(pack);
  }
  return whole;
}

async function checkEntry(
  blobs: BlobStore,
  entry: BundleEntry,
  packed: PackedLayers,
  signal: AbortSignal | undefined,
): Promise<readonly BundleProblem[]> {
  const reference = entryName(entry);
  try {
    const manifests = await entryManifests(blobs, entry, signal);
    const held = manifests.filter(({ manifest }) => manifest !== undefined);
    const problems: BundleProblem[] = [];
    for (const contained of held) {
      problems.push(...(await checkManifest(blobs, reference, contained, packed, signal)));
    }
    return held.length === 0 ? [noManifest(entry, reference)] : problems;
  } catch (error) {
    throwIfAborted(signal, 'verify the bundle');
    return [problemOf(error, { reference, digest: entry.target.digest })];
  }
}

async function checkManifest(
  blobs: BlobStore,
  reference: string,
  contained: ContainedManifest,
  packed: PackedLayers,
  signal: AbortSignal | undefined,
): Promise<readonly BundleProblem[]> {
  const missing = await missingBlobs(blobs, contained, packed, signal);
  return missing.map((blob) => missingProblem(`image ${reference}`, blob, reference));
}

function missingProblem(
  what: string,
  { descriptor: { digest, size }, size: found, error }: MissingBlob,
  reference?: string,
): BundleProblem {
  const naming = { digest, reference };
  if (error !== undefined) return problemOf(error, naming);
  const [code, reason] =
    found === undefined
      ? (['BLOB_MISSING', 'is missing'] as const)
      : (['SIZE_MISMATCH', `has ${String(found)} bytes instead of ${String(size)}`] as const);
  return {
    code,
    message: `cannot use ${what}: blob ${digest} ${reason}`,
    ...naming,
  };
}

function noManifest({ target }: BundleEntry, reference: string): BundleProblem {
  const message = `cannot use image ${reference}: the bundle has none of its manifests`;
  return { code: 'BLOB_MISSING', message, digest: target.digest, reference };
}

function problemOf(
  error: unknown,
  context: { readonly digest?: Digest | undefined; readonly reference?: string | undefined },
): BundleProblem {
  if (!isDrayError(error)) throw error;
  return { code: error.code, message: reasonOf(error), ...context };
}
