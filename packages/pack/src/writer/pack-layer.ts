import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createGzip, type Gzip } from 'node:zlib';
import type { BlobIngest, IngestedBlob } from '@drayage/core';
import type { PackSource, PackedLayer } from '@drayage/core/bundle';
import { DrayError, IntegrityError, abortable, fromHex, hexOf } from '@drayage/core';
import { packMediaTypes } from '@drayage/core/bundle';
import { MalformedTar } from '../tar/malformed.ts';
import { TarParser } from '../tar/tar-parser.ts';
import type { PackProcess } from './pack-process.ts';
import { decompress } from '../layer/decompress.ts';
import { LayerSplitter, type SplitLayer } from '../layer/layer-splitter.ts';
import type { LayerLimits } from '../layer/limits.ts';
import { RefusedEntry } from '../layer/refused.ts';
import type { Abilities } from '../layer/xattrs.ts';

export interface PackLayerRequest {
  readonly source: PackSource;
  readonly process: PackProcess;
  readonly ingest: BlobIngest;
  readonly abilities: Abilities;
  readonly limits: LayerLimits;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Writes a layer into the pack, and its tar-split to `ingest`.
 * @throws DrayError `PACK_LAYER_UNSUPPORTED`, `DIGEST_MISMATCH`; errors of the source, the program and
 * `ingest`
 */
export async function packLayer(request: PackLayerRequest): Promise<PackedLayer> {
  const { source, ingest, signal } = request;
  // Most of a tar-split is zeros in base64.
  const gzip = createGzip({ level: 4, chunkSize: 64 * 1024 });
  // Its reader reports errors, but it may be cancelled before there is a reader.
  gzip.on('error', () => undefined);
  const ingested = ingest.ingest(gzip, { signal });
  ingested.catch(() => undefined);
  try {
    const packed = await splitLayer(request, linesInto(gzip, ingested));
    gzip.end();
    const { digest, size } = await ingested;
    return {
      diffId: source.diffId,
      ...packed,
      tarSplit: { mediaType: packMediaTypes.tarSplit, digest, size },
    };
  } catch (error) {
    gzip.destroy(error instanceof Error ? error : new Error('cannot pack the layer'));
    await ingested.catch(() => undefined);
    throw error;
  }
}

type TakeLines = (lines: Buffer) => Promise<void>;

function linesInto(gzip: Gzip, ingested: Promise<IngestedBlob>): TakeLines {
  const failure = ingested.then(async () => new Promise<never>(() => undefined));
  failure.catch(() => undefined);
  return async (lines) => {
    if (lines.length === 0 || gzip.write(lines)) return;
    await Promise.race([once(gzip, 'drain'), failure]);
  };
}

async function splitLayer(
  { source, process, abilities, limits, onProgress, signal }: PackLayerRequest,
  takeLines: TakeLines,
): Promise<Pick<PackedLayer, 'size' | 'tarSize' | 'entries'>> {
  const { diffId } = source;
  const splitter = new LayerSplitter(hexOf(diffId), abilities, limits);
  const parser = new TarParser(splitter);
  const hash = createHash('sha256');
  let tarSize = 0;
  const passOn = async ({ tar, lines }: SplitLayer): Promise<void> => {
    await process.write(tar);
    await takeLines(lines);
  };
  try {
    const layer = abortable(await source.open(), signal, `pack layer ${diffId}`);
    for await (const chunk of decompress(layer)) {
      tarSize += chunk.length;
      hash.update(chunk);
      parser.push(chunk);
      checkTarSize(tarSize, limits);
      await passOn(splitter.take());
      onProgress(chunk.length);
    }
    parser.end();
  } catch (error) {
    throw error instanceof MalformedTar || error instanceof RefusedEntry
      ? unsupported(source, splitter.entryName, error)
      : error;
  }
  checkDigest(source, fromHex(hash.digest('hex')));
  for (const rest of splitter.finish()) await passOn(rest);
  return { size: splitter.size, tarSize, entries: splitter.entries };
}

function checkTarSize(tarSize: number, { maxBytes }: LayerLimits): void {
  if (tarSize > maxBytes) throw new MalformedTar(`it has more than ${String(maxBytes)} bytes`);
}

function checkDigest({ diffId, layer }: PackSource, actual: string): void {
  if (actual === diffId) return;
  throw new IntegrityError(
    'DIGEST_MISMATCH',
    `cannot pack layer ${diffId}: the tar in blob ${layer.digest} hashes to ${actual}`,
    { details: { expected: diffId, actual, digest: layer.digest } },
  );
}

function unsupported({ diffId }: PackSource, name: string | undefined, error: Error): DrayError {
  const entry = name === undefined ? undefined : Buffer.from(name, 'latin1').toString();
  const where = entry === undefined ? '' : `entry ${JSON.stringify(entry)}: `;
  return new DrayError('PACK_LAYER_UNSUPPORTED', `cannot pack layer ${diffId}: ${where}${error.message}`, {
    hint: 'Use --form layers for this image.',
    cause: error,
    details: { diffId, entry },
  });
}
