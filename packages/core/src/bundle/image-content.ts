import type { BlobStore, ByteStream } from '../blob-store.ts';
import { DrayError, isDrayError } from '../errors.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { ImageContent } from '../image/image-content.ts';
import { checkLayerCount, parseImageConfig, type ImageConfig } from '../image/image-config.ts';
import { findManifest, type ManifestChoice } from '../image/manifest-choice.ts';
import { checkImageLayers, checkManifestSize, parseManifest } from '../image/manifest.ts';
import type { Manifest, ManifestDocument } from '../image/manifest.ts';
import { formatPlatform, type Platform } from '../image/platform.ts';
import { platformRuns } from '../image/select-platform.ts';
import { verifying } from '../store/verifying.ts';

/** Opens the documents of images. {@link readDocument} verifies the bytes, so this need not. */
export type OpenDocument = (descriptor: Descriptor, kind: 'manifest' | 'config') => Promise<ByteStream>;

export interface ReadContentOptions {
  readonly open: OpenDocument;
  /** Names the image in messages. */
  readonly what: string;
  /** Which manifest is wanted when `target` is an index. */
  readonly choice: ManifestChoice;
  /** Called before the config is opened. */
  readonly onManifest?: ((manifest: Manifest) => void | Promise<void>) | undefined;
}

export interface ReadContent extends ImageContent {
  readonly parsed: Manifest;
  readonly platform: ImageConfig['platform'];
}

/**
 * Reads and verifies the image that `target` names, except its layers. The media type of `target` may be
 * empty: then the document's own media type counts.
 * @throws DrayError, naming the image: `BLOB_MISSING`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`,
 * `MANIFEST_TOO_LARGE`, `MANIFEST_INVALID`, `MEDIA_TYPE_UNSUPPORTED`, `SCHEMA1_UNSUPPORTED`; what `open` and
 * `choice` throw
 */
export async function readImageContent(
  target: Descriptor,
  options: ReadContentOptions,
): Promise<ReadContent> {
  const { what, open, onManifest } = options;
  const { top, inner, parsed, innerIndexes } = await readManifests(target, options);
  checkImageLayers(parsed, what);
  checkManifestSize(parsed.config.size, `the config of ${what}`);
  await onManifest?.(parsed);
  const { bytes: configBytes, diffIds, platform } = await readConfig(parsed, open, what);
  if (inner !== top && inner.descriptor.platform === undefined) checkPlatform(platform, options);
  return {
    target: top.descriptor,
    targetBytes: top.bytes,
    innerIndexes,
    manifest: inner.descriptor,
    manifestBytes: inner.bytes,
    config: parsed.config,
    configBytes,
    layers: parsed.layers,
    diffIds,
    parsed,
    platform,
  };
}

interface Manifests {
  readonly top: ManifestDocument;
  readonly innerIndexes: readonly ManifestDocument[];
  /** Equals `top` when there is no index. */
  readonly inner: ManifestDocument;
  readonly parsed: Manifest;
}

async function readManifests(
  target: Descriptor,
  { what, open, choice }: ReadContentOptions,
): Promise<Manifests> {
  const top = await readManifest(target, open, what);
  if (top.parsed.kind === 'manifest') return { top, innerIndexes: [], inner: top, parsed: top.parsed };
  const read = (index: Descriptor): Promise<ManifestDocument> =>
    readManifest(index, open, `an index of ${what}`);
  const { indexes, manifest } = await findManifest(top, { choice, read, what });
  const inner = await readManifest(manifest, open, `the manifest of ${what}`);
  // Its media type is a manifest's, which the document must not contradict.
  if (inner.parsed.kind === 'index') {
    throw new DrayError('MANIFEST_INVALID', `cannot use ${what}: its index leads to no manifest`);
  }
  return { top, innerIndexes: indexes.slice(1), inner, parsed: inner.parsed };
}

function checkPlatform(
  platform: Platform,
  { choice: { wanted }, what }: Pick<ReadContentOptions, 'choice' | 'what'>,
): void {
  if (wanted === undefined || platformRuns(wanted, platform)) return;
  throw new DrayError(
    'PLATFORM_NOT_FOUND',
    `cannot find ${formatPlatform(wanted)} in ${what}: it has ${formatPlatform(platform)}`,
    { hint: 'Choose another with --platform.', details: { available: [formatPlatform(platform)] } },
  );
}

/**
 * Reads one manifest or index; its descriptor gets the document's own media type. `what` names it in
 * messages.
 * @throws DrayError as {@link readImageContent}
 */
export async function readManifest(
  descriptor: Descriptor,
  open: OpenDocument,
  what: string,
): Promise<ManifestDocument> {
  const bytes = await readDocument(descriptor, (wanted) => open(wanted, 'manifest'), what);
  const parsed = parseManifest(bytes, descriptor.mediaType, what, { mayRename: true });
  return { descriptor: { ...descriptor, mediaType: parsed.mediaType }, bytes, parsed };
}

/**
 * Reads the config of a manifest; `what` names the image in messages.
 * @throws DrayError as {@link readImageContent}
 */
export async function readConfig(
  manifest: Manifest,
  open: OpenDocument,
  what: string,
): Promise<ImageConfig & { readonly bytes: Uint8Array }> {
  const configName = `the config of ${what}`;
  const bytes = await readDocument(manifest.config, (wanted) => open(wanted, 'config'), configName);
  const config = parseImageConfig(bytes, configName);
  checkLayerCount(manifest, config, what);
  return { ...config, bytes };
}

/** Opens documents in a blob store. */
export function documentsIn(blobs: BlobStore, signal?: AbortSignal): OpenDocument {
  return (descriptor) => blobs.open(descriptor, { signal });
}

/**
 * The verified bytes of a small blob in a store: a manifest, an index, a config.
 * @throws DrayError as {@link readDocument}
 */
export function readBlobBytes(
  blobs: BlobStore,
  descriptor: Descriptor,
  what: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return readDocument(descriptor, (wanted) => blobs.open(wanted, { signal }), what);
}

/**
 * The verified bytes of a small blob; `what` names it in messages.
 * @throws DrayError `MANIFEST_TOO_LARGE` (over 4 MiB; nothing is opened), `BLOB_MISSING`, `DIGEST_MISMATCH`,
 * `SIZE_MISMATCH`; what `open` throws
 */
async function readDocument(
  descriptor: Descriptor,
  open: (descriptor: Descriptor) => Promise<ByteStream>,
  what: string,
): Promise<Uint8Array> {
  checkManifestSize(descriptor.size, what);
  const chunks: Uint8Array[] = [];
  const bytes = await open(descriptor).catch((error: unknown) => {
    if (!isDrayError(error, 'BLOB_MISSING')) throw error;
    throw new DrayError('BLOB_MISSING', `cannot read ${what}: blob ${descriptor.digest} is missing`, {
      cause: error,
      details: { digest: descriptor.digest },
    });
  });
  for await (const chunk of verifying(bytes, descriptor, what)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
