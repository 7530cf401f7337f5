import { digestOf, fromHex, hexOf, type Descriptor, type Digest } from '@drayage/core';
import { createTar, decompressLayer } from '@drayage/core/testing';
import type { RandomImage, RandomIndex, TarEntry } from '@drayage/core/testing';

/** An archive of `docker save`, entry by entry, so that tests can damage it. */
export type ArchiveEntries = readonly TarEntry[];

/**
 * As a classic store before engine 25 writes it: uncompressed layers in their own folders, repeated layers as
 * links.
 */
export function archiveBefore25(...images: readonly RandomImage[]): ArchiveEntries {
  const written = new Map<Digest, string>();
  const layers = images.flatMap((image) =>
    plainLayers(image).flatMap(({ diffId, tar }, position) => {
      const folder = hexOf(digestOf(`${image.config.digest} ${String(position)}`));
      const first = written.get(diffId);
      if (first === undefined) written.set(diffId, folder);
      return [
        { type: 'directory', path: `${folder}/` } as const,
        file(`${folder}/VERSION`, '1.0'),
        file(`${folder}/json`, '{}'),
        first === undefined
          ? file(`${folder}/layer.tar`, tar)
          : ({ type: 'symlink', path: `${folder}/layer.tar`, target: `../${first}/layer.tar` } as const),
      ];
    }),
  );
  const configs = images.map((image) =>
    file(`${hexOf(image.config.digest)}.json`, bytesOf(image, image.config)),
  );
  return [...layers, ...configs, file('manifest.json', '[]'), file('repositories', '{}')];
}

/** As a classic store since engine 25 writes it: an OCI layout with uncompressed layers. */
export function archiveSince25(...images: readonly RandomImage[]): ArchiveEntries {
  const blobs = images.flatMap((image) => [
    ...plainLayers(image).map(({ tar }) => tar),
    bytesOf(image, image.config),
  ]);
  return [...layoutFolders, ...blobFiles(blobs), ...layoutFiles];
}

/**
 * As a containerd store writes it: every blob unchanged. The archive of an index has only its images in
 * `there` (default: all).
 */
export function archiveOfContainerd(
  image: RandomImage | RandomIndex,
  there: readonly RandomImage[] = imagesOf(image),
): ArchiveEntries {
  const blobs = [
    ...there.flatMap((part) => [...part.blobs.values()]),
    ...('images' in image ? [bytesOf(image, image.target)] : []),
  ];
  return [...layoutFolders, ...blobFiles(blobs), ...layoutFiles];
}

function imagesOf(image: RandomImage | RandomIndex): readonly RandomImage[] {
  return 'images' in image ? image.images : [image];
}

export function archiveBytes(entries: ArchiveEntries): Uint8Array {
  return createTar(entries);
}

/** A regular file of an archive. */
export function file(path: string, content: Uint8Array | string): TarEntry {
  return { type: 'file', path, bytes: typeof content === 'string' ? Buffer.from(content) : content };
}

const layoutFolders: ArchiveEntries = [
  { type: 'directory', path: 'blobs/' },
  { type: 'directory', path: 'blobs/sha256/' },
];

// drayage reads none of these; real archives end with them.
const layoutFiles: ArchiveEntries = [
  file('index.json', '{"schemaVersion":2,"manifests":[]}'),
  file('manifest.json', '[]'),
  file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
];

function blobFiles(blobs: readonly Uint8Array[]): ArchiveEntries {
  const byDigest = new Map(blobs.map((bytes) => [hexOf(digestOf(bytes)), bytes]));
  return [...byDigest]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([hex, bytes]) => file(`blobs/sha256/${hexOf(fromHex(hex))}`, bytes));
}

function plainLayers(image: RandomImage): readonly { readonly diffId: Digest; readonly tar: Uint8Array }[] {
  return image.layers.map((layer) => {
    const tar = decompressLayer(bytesOf(image, layer), 'gzip');
    return { diffId: digestOf(tar), tar };
  });
}

function bytesOf({ blobs }: Pick<RandomImage, 'blobs'>, { digest }: Descriptor): Uint8Array {
  return blobs.get(digest) ?? new Uint8Array();
}
