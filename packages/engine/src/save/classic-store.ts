import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  checkManifestSize,
  mediaTypes,
  parseImageConfig,
  readBlobBytes,
  convertManifestToOci,
} from '@drayage/core/image';
import { fromHex, IntegrityError, type ByteStream, type Descriptor, type Digest } from '@drayage/core';
import type { ArchiveFile } from './archive-files.ts';
import { entryKind } from './entry-name.ts';
import { parallelGzip } from './parallel-gzip.ts';
import { counted, putBlob, saveFailed } from './save-run.ts';
import type { ComposedImage, SaveRun, WantedImage } from './save-run.ts';

/**
 * Stores the configs and layers of `wanted` from a classic store's archive: configs byte for byte, because
 * their digests are the image IDs; the uncompressed layers as gzip. Skips the rest of the archive.
 */
export async function storeClassicArchive(
  run: SaveRun,
  wanted: readonly WantedImage[],
  files: AsyncIterable<ArchiveFile>,
): Promise<void> {
  const configs = new Set(wanted.map(({ engineImageId }) => engineImageId));
  const diffIds = new Set(wanted.flatMap((image) => image.diffIds));
  for await (const file of files) {
    const kind = entryKind(file.name);
    if (kind?.kind === 'layer') {
      // Its diffId is known only at its end.
      if (isAnyMissing(run, diffIds)) await storeLayer(run, file, diffIds);
    } else if (kind !== undefined && configs.has(kind.digest)) {
      await putConfig(run, kind.digest, file);
    } else if (kind !== undefined && diffIds.has(kind.digest) && !run.layers.has(kind.digest)) {
      await storeLayer(run, file, new Set([kind.digest]));
    }
  }
}

/**
 * The image of a stored config: an OCI manifest over the config and the gzip layers.
 * @throws EngineError `ENGINE_SAVE_FAILED` when a part is missing
 */
export async function composeClassicImage(
  run: SaveRun,
  { engineImageId }: WantedImage,
  what: string,
): Promise<ComposedImage> {
  const found = await run.blobs.stat(engineImageId, run.signal);
  if (found === undefined)
    throw saveFailed(what, run.info, `its config ${engineImageId} is not in the archive`);
  const config = { mediaType: mediaTypes.ociConfig, ...found };
  const configName = `the config of ${what}`;
  const bytes = await readBlobBytes(run.blobs, config, configName, run.signal);
  const { diffIds, platform } = parseImageConfig(bytes, configName);
  const layers = diffIds.map((diffId) => layerOf(run, diffId, what));
  const convertedManifest = convertManifestToOci({ config, layers });
  await putBlob(run, convertedManifest.descriptor, Readable.from([convertedManifest.bytes]));
  const { descriptor } = convertedManifest;
  const entry = { target: descriptor, manifest: { ...descriptor, platform } };
  return { entry, innerIndexes: [], config, layers };
}

function layerOf({ layers, info }: SaveRun, diffId: Digest, what: string): Descriptor {
  const layer = layers.get(diffId);
  if (layer === undefined) throw saveFailed(what, info, `its layer ${diffId} is not in the archive`);
  return layer;
}

function isAnyMissing({ layers }: SaveRun, diffIds: ReadonlySet<Digest>): boolean {
  return [...diffIds].some((diffId) => !layers.has(diffId));
}

async function putConfig(run: SaveRun, digest: Digest, { size, bytes }: ArchiveFile): Promise<void> {
  checkManifestSize(size, `config ${digest}`);
  await putBlob(run, { mediaType: mediaTypes.ociConfig, digest, size }, bytes);
}

/** Ends the ingest of a layer that no image needs. */
class UnneededLayer extends Error {}

/** Compresses a layer, and stores it if it turns out to be one of `expected` that is still missing. */
async function storeLayer(run: SaveRun, file: ArchiveFile, expected: ReadonlySet<Digest>): Promise<void> {
  const startedAt = performance.now();
  const hash = createHash('sha256');
  let diffId: Digest | undefined;
  const check = (): void => {
    diffId = fromHex(hash.digest('hex'));
    if (expected.has(diffId) && !run.layers.has(diffId)) return;
    const named = entryKind(file.name);
    if (named?.kind === 'blob') throw wrongBytes(named.digest, diffId, run);
    throw new UnneededLayer();
  };
  const compressed = counted(parallelGzip(hashed(file.bytes, hash)), run.emit);
  try {
    const { digest, size, isNew } = await run.blobs.ingest(thenCheck(compressed, check), {
      signal: run.signal,
    });
    if (isNew) run.written.set(digest, performance.now() - startedAt);
    if (diffId !== undefined) run.layers.set(diffId, { mediaType: mediaTypes.ociLayerGzip, digest, size });
  } catch (error) {
    if (!(error instanceof UnneededLayer)) throw error;
  }
}

async function* hashed(bytes: ByteStream, hash: ReturnType<typeof createHash>): ByteStream {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

async function* thenCheck(bytes: ByteStream, check: () => void): ByteStream {
  yield* bytes;
  check();
}

function wrongBytes(expected: Digest, actual: Digest, { info }: SaveRun): IntegrityError {
  return new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot save layer ${expected} from ${info.location}: its bytes hash to ${actual}`,
    { details: { expected, actual } },
  );
}
