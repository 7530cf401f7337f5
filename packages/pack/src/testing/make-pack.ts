import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { BlobIngest, ByteStream, IngestedBlob } from '@drayage/core';
import type { PackFilesystem, PackSource, PackedLayer } from '@drayage/core/bundle';
import { createDirectoryBlobStore } from '@drayage/core/bundle';
import { digestOf, hexOf } from '@drayage/core';
import { rawTarEnd } from '@drayage/core/testing';
import { createPackReader } from '../reader/pack-reader.ts';
import { createPackWriter, type PackWriterOptions } from '../writer/pack-writer.ts';
import { outputOf } from './run.ts';

/** Content of a file in a tar. */
export function text(content: string): Buffer {
  return Buffer.from(content);
}

/** A complete tar of these entries. */
export function tarOf(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([...entries, rawTarEnd()]);
}

/** A pack in a test's directory. */
export interface MadePack {
  readonly file: string;
  readonly layers: readonly PackedLayer[];
  /** The list that `unsquashfs` prints, without its first lines. */
  list(): Promise<readonly string[]>;
  /** Rebuilds the tar of a layer from the pack. */
  rebuild(position?: number): Promise<Buffer>;
  /** The stored tar-split of a layer. */
  tarSplit(position?: number): Promise<Buffer>;
}

export interface MakePackOptions extends PackWriterOptions {
  readonly filesystem?: PackFilesystem | undefined;
  readonly name?: string | undefined;
}

let packs = 0;

/** Packs layers that are given as tars. */
export async function makePack(
  directory: string,
  tars: readonly Uint8Array[],
  options: MakePackOptions = {},
): Promise<MadePack> {
  return packSources(
    directory,
    tars.map((tar) => sourceOf(tar)),
    options,
  );
}

/** Packs layers of any source. */
export async function packSources(
  directory: string,
  sources: readonly PackSource[],
  { filesystem = 'squashfs', name = `pack-${String((packs += 1))}`, ...options }: MakePackOptions = {},
): Promise<MadePack> {
  const file = join(directory, name);
  const blobs = createDirectoryBlobStore(join(directory, 'bundle'));
  const layers = await createPackWriter(options).write({ filesystem, layers: sources, file, ingest: blobs });
  const layerAt = (position: number): PackedLayer => {
    const layer = layers[position];
    if (layer === undefined) throw new Error(`no layer ${String(position)}`);
    return layer;
  };
  return {
    file,
    layers,
    list: async () =>
      (await outputOf('unsquashfs', ['-lln', '-UTC', file])).split('\n').filter((line) => line !== ''),
    async rebuild(position = 0) {
      const layer = layerAt(position);
      const tarSplit = await blobs.open(layer.tarSplit);
      const request = { file, filesystem, layer, packLayers: layers, tarSplit, workDir: directory };
      return bufferOf(await createPackReader().openLayer(request));
    },
    tarSplit: async (position = 0) => bufferOf(await blobs.open(layerAt(position).tarSplit)),
  };
}

/** A layer in memory; `stored` if it is compressed. */
export function sourceOf(
  tar: Uint8Array,
  stored: Uint8Array = tar,
  chunkBytes: number = 64 * 1024,
): PackSource {
  const digest = digestOf(stored);
  return {
    diffId: digestOf(tar),
    layer: { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: stored.byteLength },
    open: () => Promise.resolve(chunked(stored, chunkBytes)),
  };
}

/** Discards tar-splits. */
export const nowhere: BlobIngest = {
  async ingest(bytes: ByteStream): Promise<IngestedBlob> {
    const all = await bufferOf(bytes);
    return { digest: digestOf(all), size: all.length, isNew: true };
  },
};

/** Reads a stream to its end. */
export async function bufferOf(bytes: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A layer's directory in its pack. */
export function topOf(tar: Uint8Array): string {
  return hexOf(digestOf(tar));
}

function chunked(bytes: Uint8Array, chunkBytes: number): Readable {
  const count = Math.ceil(bytes.length / chunkBytes);
  return Readable.from(
    Array.from({ length: count }, (_, at) => bytes.slice(at * chunkBytes, (at + 1) * chunkBytes)),
  );
}
