import type { BlobIngest, ByteStream } from './blob-store.ts';
import type { PackFilesystem, PackedLayer } from './bundle/pack-types.ts';
import type { Descriptor } from './image/descriptor.ts';
import type { Digest } from './image/digest.ts';

/** A layer that shall be in a pack. */
export interface PackSource {
  readonly diffId: Digest;
  /** The layer as it is stored; its media type is not believed, the bytes tell how they are compressed. */
  readonly layer: Descriptor;
  /** The bytes of `layer`, which need not be verified: what is packed is, against the diffId. Called once. */
  readonly open: () => Promise<ByteStream>;
}

export interface PackRequest {
  readonly filesystem: PackFilesystem;
  /** Each diffId once. Taken one after the other, so a layer that comes later may still be on its way. */
  readonly layers: AsyncIterable<PackSource> | Iterable<PackSource>;
  /** Where the pack is written to: a file that does not exist yet, in a directory that does. Removed on failure. */
  readonly file: string;
  /** Takes the tar-splits. */
  readonly ingest: BlobIngest;
  /** Bytes of layer tars that have gone in since the last call. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Makes packs out of layers. */
export interface PackWriter {
  /**
   * Writes one pack; the same layers in the same order give the same bytes. Resolves with what is in it, in that order.
   * @throws DrayError `PACK_TOOL_MISSING` (no program that writes such a file), `PACK_LAYER_UNSUPPORTED` with the diffId in `details.diffId`
   * (a layer that no pack can hold as the engine would extract it), `DIGEST_MISMATCH` (a layer is not its diffId), `PACK_WRITE_FAILED`, `DISK_FULL`, `ABORTED`
   */
  write(request: PackRequest): Promise<readonly PackedLayer[]>;
}

/** Turns the layers of packs back into the tars they were made of. */
export interface PackReader {
  /**
   * The tar of one layer, byte for byte: it hashes to the diffId. Needs no root.
   * @throws DrayError `PACK_TOOL_MISSING`, `PACK_INVALID`, `DIGEST_MISMATCH`, `DISK_FULL`
   */
  openLayer(request: OpenPackedLayer): Promise<ByteStream>;

  /**
   * Requires that a layer in a pack is the one that its diffId names: the rebuilt tar hashes to it, and the
   * tree that would be mounted is what that tar makes, to the last name, owner, mode, attribute and byte.
   * Needs no root.
   * @throws DrayError `PACK_TOOL_MISSING`, `PACK_INVALID`, `DIGEST_MISMATCH`, `DISK_FULL`
   */
  checkLayer(request: OpenPackedLayer): Promise<void>;
}

export interface OpenPackedLayer {
  /** The file system image, verified. */
  readonly file: string;
  readonly filesystem: PackFilesystem;
  readonly layer: PackedLayer;
  /** All layers of the pack: some programs extract them all for the sake of one. */
  readonly packLayers: readonly PackedLayer[];
  /** The verified bytes of the layer's tar-split. */
  readonly tarSplit: ByteStream;
  /** A directory for what has to be extracted; nothing is left there once the stream has ended or was destroyed. */
  readonly workDir: string;
  readonly signal?: AbortSignal | undefined;
}
