import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';

/** The file system inside a pack's file; the Linux kernel mounts both read-only. */
export type PackFilesystem = 'squashfs' | 'erofs';

/** One layer of a pack: a top-level directory named by the hex digits of the diffId. */
export interface PackedLayer {
  readonly diffId: Digest;
  /** Size of its file contents, the way an engine counts a layer's size (bytes). */
  readonly size: number;
  /** Size of the layer's tar (bytes). */
  readonly tarSize: number;
  /** Count of entries in the layer's tar. */
  readonly entries: number;
  /**
   * Rebuilds that tar from the directory: gzip-compressed JSON lines in dockerd's format. @see
   * github.com/vbatts/tar-split
   */
  readonly tarSplit: Descriptor;
}

/** Layers of images in one file that can be mounted. */
export interface Pack {
  /** The document that describes the pack, as listed in `index.json`. */
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  /** The file system image. */
  readonly image: Descriptor;
  readonly filesystem: PackFilesystem;
  readonly layers: readonly PackedLayer[];
}

/**
 * The artifactType of a pack's manifest. @see image-spec v1.1.1, manifest.md "Guidelines for Artifact Usage"
 */
export const packArtifactType = 'application/vnd.drayage.pack.v1';

export const packMediaTypes = {
  config: 'application/vnd.drayage.pack.config.v1+json',
  squashfs: 'application/vnd.drayage.pack.squashfs.v1',
  erofs: 'application/vnd.drayage.pack.erofs.v1',
  tarSplit: 'application/vnd.drayage.tar-split.v1+json+gzip',
} as const;
