import { Readable } from 'node:stream';
import { convertToOci, documentsIn, readImageContent, selectManifest, type Index } from '@drayage/core/image';
import type { Descriptor, Digest } from '@drayage/core';
import type { ArchiveFile } from './archive-files.ts';
import { entryKind } from './entry-name.ts';
import { putBlob, saveFailed, type ComposedImage, type SaveRun, type WantedImage } from './save-run.ts';

/** The media type of a blob is unknown here: a document states its own. */
const anyType = '';

/**
 * Stores every blob of the archive unchanged, so that digests and signatures stay valid. Which of them are
 * needed is known only once indexes and manifests have arrived; the end of the run deletes the rest.
 */
export async function storeContainerdArchive(run: SaveRun, files: AsyncIterable<ArchiveFile>): Promise<void> {
  for await (const { name, size, bytes } of files) {
    const kind = entryKind(name);
    if (kind?.kind !== 'blob') continue;
    await putBlob(run, { mediaType: anyType, digest: kind.digest, size }, bytes);
  }
}

/**
 * The image under its original index or manifest.
 * @throws EngineError `ENGINE_SAVE_FAILED` when a part is missing; DrayError as {@link readImageContent},
 * `PLATFORM_NOT_FOUND`
 */
export async function composeContainerdImage(
  run: SaveRun,
  { engineImageId }: WantedImage,
  what: string,
): Promise<ComposedImage> {
  const top = await findDocument(run, engineImageId, what);
  const { target, innerIndexes, manifest, config, layers, platform, parsed } = await readImageContent(top, {
    what,
    open: documentsIn(run.blobs, run.signal),
    choice: {
      candidates: async (index) => [await chooseEntry(run, index, what)],
      sought: 'a manifest',
    },
    onManifest: async (found) => {
      for (const part of [found.config, ...found.layers]) await requireBlob(run, part, what);
    },
  });
  const converted = convertToOci(parsed);
  if (converted !== undefined) await putBlob(run, converted.descriptor, Readable.from([converted.bytes]));
  const convertedManifest = converted === undefined ? undefined : { ...converted.descriptor, platform };
  return {
    entry: { target, manifest: { ...manifest, platform }, convertedManifest },
    innerIndexes: innerIndexes.map(({ descriptor }) => descriptor),
    ...{ config, layers },
  };
}

async function findDocument(run: SaveRun, digest: Digest, what: string): Promise<Descriptor> {
  const found = await run.blobs.stat(digest, run.signal);
  if (found === undefined) throw saveFailed(what, run.info, `its manifest ${digest} is not in the archive`);
  return { mediaType: anyType, ...found };
}

/** An engine has the images of some platforms, usually of one; the index still lists all. */
async function chooseEntry(run: SaveRun, index: Index, what: string): Promise<Descriptor> {
  const there: Descriptor[] = [];
  for (const manifest of index.manifests) {
    if ((await run.blobs.stat(manifest.digest, run.signal)) !== undefined) there.push(manifest);
  }
  return selectManifest({ ...index, manifests: there }, run.platform, what);
}

async function requireBlob(run: SaveRun, { digest, size }: Descriptor, what: string): Promise<void> {
  if ((await run.blobs.stat(digest, run.signal))?.size === size) return;
  throw saveFailed(what, run.info, `its blob ${digest} is not in the archive`);
}
