import {
  checkImageLayers,
  checkLayerCount,
  parseImageConfig,
  parseManifest,
  readBlobBytes,
  convertToOci,
  selectManifest,
} from '@drayage/core';
import type { ByteStream, Descriptor, Digest, Index, Manifest } from '@drayage/core';
import type { ArchiveFile } from './archive-files.ts';
import { entryKind } from './entry-name.ts';
import { putBlob, saveFailed, type ComposedImage, type SaveRun, type WantedImage } from './save-run.ts';

const anyType = 'application/octet-stream';

/**
 * Stores every blob of the archive as it is, so that digests, and what was signed by them, survive. What of them is needed is only known
 * when indexes and manifests have come: the rest is dropped at the end of the run.
 */
export async function storeContainerdArchive(run: SaveRun, files: AsyncIterable<ArchiveFile>): Promise<void> {
  for await (const { name, size, bytes } of files) {
    const kind = entryKind(name);
    if (kind?.kind !== 'blob') continue;
    await putBlob(run, { mediaType: anyType, digest: kind.digest, size }, () => bytes);
  }
}

/**
 * The image under its original index or manifest.
 * @throws EngineError `ENGINE_SAVE_FAILED` when a part did not come; DrayError `PLATFORM_NOT_FOUND`, `MANIFEST_INVALID` and the like
 */
export async function composeContainerdImage(
  run: SaveRun,
  { engineImageId }: WantedImage,
  what: string,
): Promise<ComposedImage> {
  const top = await readDocument(run, engineImageId, what);
  const chosen = top.parsed.kind === 'index' ? await chooseManifest(run, top.parsed, what) : top;
  const manifest = requireManifest(run, chosen, what);
  const { config } = manifest;
  for (const part of [config, ...manifest.layers]) await requireBlob(run, part, what);
  const configName = `the config of ${what}`;
  const imageConfig = parseImageConfig(
    await readBlobBytes(run.blobs, config, configName, run.signal),
    configName,
  );
  checkLayerCount(manifest, imageConfig, what);
  const convertedManifest = convertToOci(manifest);
  if (convertedManifest !== undefined)
    await putBlob(run, convertedManifest.descriptor, () => once(convertedManifest.bytes));
  const { platform } = imageConfig;
  return {
    target: top.descriptor,
    manifest: { ...chosen.descriptor, platform },
    ...(convertedManifest === undefined
      ? {}
      : { convertedManifest: { ...convertedManifest.descriptor, platform } }),
    config,
    layers: manifest.layers,
  };
}

interface StoredDocument {
  readonly descriptor: Descriptor;
  readonly parsed: Manifest | Index;
}

/** The index or manifest with this digest; its media type is what it says of itself. */
async function readDocument(run: SaveRun, digest: Digest, what: string): Promise<StoredDocument> {
  const found = await run.blobs.stat(digest, run.signal);
  if (found === undefined) throw saveFailed(what, run.info, `its manifest ${digest} is not in the archive`);
  const bytes = await readBlobBytes(run.blobs, { mediaType: anyType, ...found }, what, run.signal);
  const parsed = parseManifest(bytes, undefined, what);
  return { descriptor: { mediaType: parsed.mediaType, ...found }, parsed };
}

/** An engine has the images of some platforms only, most often of one; the index still lists all. */
async function chooseManifest(run: SaveRun, index: Index, what: string): Promise<StoredDocument> {
  const there: Descriptor[] = [];
  for (const manifest of index.manifests) {
    if ((await run.blobs.stat(manifest.digest, run.signal)) !== undefined) there.push(manifest);
  }
  const { digest } = selectManifest({ ...index, manifests: there }, run.platform, what);
  return readDocument(run, digest, what);
}

function requireManifest({ info }: SaveRun, { parsed, descriptor }: StoredDocument, what: string): Manifest {
  if (parsed.kind !== 'manifest')
    throw saveFailed(what, info, `${descriptor.digest} is an index in an index`);
  checkImageLayers(parsed, what);
  return parsed;
}

async function requireBlob(run: SaveRun, { digest, size }: Descriptor, what: string): Promise<void> {
  if ((await run.blobs.stat(digest, run.signal))?.size === size) return;
  throw saveFailed(what, run.info, `its blob ${digest} is not in the archive`);
}

async function* once(bytes: Uint8Array): ByteStream {
  yield await Promise.resolve(bytes);
}
