import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';

/** What the file of a pack is: both are mounted read-only by Linux itself. */
export type PackFilesystem = 'squashfs' | 'erofs';

/** One layer of a pack: the directory at its top that is named by the hex digits of the diffId. */
export interface PackedLayer {
  readonly diffId: Digest;
  /** Of the contents of its files, as an engine counts a layer's size (bytes). */
  readonly size: number;
  /** Of the layer's tar (bytes). */
  readonly tarSize: number;
  /** Entries of the layer's tar. */
  readonly entries: number;
  /** What is needed to rebuild that tar from the directory: gzip-compressed JSON lines, as dockerd keeps them. @see github.com/vbatts/tar-split */
  readonly tarSplit: Descriptor;
}

/** The layers of images as one file that can be mounted. */
export interface Pack {
  /** The document that describes it, as `index.json` lists it. */
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  /** The file system image. */
  readonly image: Descriptor;
  readonly filesystem: PackFilesystem;
  readonly layers: readonly PackedLayer[];
}

/** The artifactType of a pack's manifest. @see image-spec v1.1.1, manifest.md "Guidelines for Artifact Usage" */
export const packArtifactType = 'application/vnd.drayage.pack.v1';

/** What the blobs of a pack are. */
export const packMediaTypes = {
  config: 'application/vnd.drayage.pack.config.v1+json',
  squashfs: 'application/vnd.drayage.pack.squashfs.v1',
  erofs: 'application/vnd.drayage.pack.erofs.v1',
  tarSplit: 'application/vnd.drayage.tar-split.v1+json+gzip',
} as const;
