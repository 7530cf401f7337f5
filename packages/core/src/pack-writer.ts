import type { BlobIngest, ByteStream } from './blob-store.ts';
import type { PackFilesystem, PackedLayer } from './bundle/pack-types.ts';
import type { Descriptor } from './image/descriptor.ts';
import type { Digest } from './image/digest.ts';

/** A layer to pack. */
export interface PackSource {
  readonly diffId: Digest;
  /** The layer as stored. The bytes decide how it is decompressed, not its media type. */
  readonly layer: Descriptor;
  /** The bytes of `layer`, unverified: the writer checks what it packs against the diffId. Called once. */
  readonly open: () => Promise<ByteStream>;
}

export interface PackRequest {
  readonly filesystem: PackFilesystem;
  /** Each diffId once. Read one after the other, so later layers may still be arriving. */
  readonly layers: AsyncIterable<PackSource> | Iterable<PackSource>;
  /** The pack's path: a new file in an existing directory. Removed on failure. */
  readonly file: string;
  /** Stores the tar-splits. */
  readonly ingest: BlobIngest;
  /** Called with the bytes of layer tars written since the last call. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PackWriter {
  /**
   * Writes one pack; the same layers in the same order give the same bytes. Resolves with its layers, in that
   * order.
   * @throws DrayError `PACK_TOOL_MISSING` (no program that writes such a file), `PACK_LAYER_UNSUPPORTED` with
   * the diffId in `details.diffId` (a pack cannot hold this layer the way the engine would extract it),
   * `DIGEST_MISMATCH` (a layer does not match its diffId), `PACK_WRITE_FAILED`, `DISK_FULL`, `ABORTED`
   */
  write(request: PackRequest): Promise<readonly PackedLayer[]>;
}

/** Rebuilds the original tars from the layers of packs. */
export interface PackReader {
  /**
   * The tar of one layer, byte for byte: it hashes to the diffId. Works without root.
   * @throws DrayError `PACK_TOOL_MISSING`, `PACK_INVALID`, `DIGEST_MISMATCH`, `DISK_FULL`
   */
  openLayer(request: OpenPackedLayer): Promise<ByteStream>;

  /**
   * Checks a layer in a pack against its diffId: the rebuilt tar must hash to it, and the tree that would be
   * mounted must equal what that tar extracts to, in every name, owner, mode, attribute and byte. Works
   * without root.
   * @throws DrayError `PACK_TOOL_MISSING`, `PACK_INVALID`, `DIGEST_MISMATCH`, `DISK_FULL`
   */
  checkLayer(request: OpenPackedLayer): Promise<void>;
}

export interface OpenPackedLayer {
  /** The file system image, verified. */
  readonly file: string;
  readonly filesystem: PackFilesystem;
  readonly layer: PackedLayer;
  /** All layers of the pack: some programs can only extract all of them. */
  readonly packLayers: readonly PackedLayer[];
  /** The verified bytes of the layer's tar-split. */
  readonly tarSplit: ByteStream;
  /** A directory for extracted files; empty again once the stream has ended or was destroyed. */
  readonly workDir: string;
  readonly signal?: AbortSignal | undefined;
}
