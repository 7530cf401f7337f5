import { formatReference, type LoadableImage, type Reference } from '@drayage/core';
import { imageDocuments, mediaTypes } from '@drayage/core/image';
import { layerEntry, layersToSend, type LayerSource } from './layer-entries.ts';
import { blobPath, bytesEntry, type ArchiveEntry } from './tar-bytes.ts';

/**
 * The entries of an OCI image layout for one image. Indexes, manifest and config keep the registry's exact
 * bytes, and so their digests. Omitted layers are absent; a containerd store accepts that when it has their
 * snapshots.
 * @see image-spec v1.1.1, image-layout.md
 */
export function ociLayoutEntries(source: LayerSource): readonly ArchiveEntry[] {
  const { image, openLayer } = source;
  return [
    bytesEntry('oci-layout', jsonBytes({ imageLayoutVersion: '1.0.0' })),
    bytesEntry('index.json', layoutIndex(image)),
    ...imageDocuments(image).map(({ descriptor, bytes }) => bytesEntry(blobPath(descriptor.digest), bytes)),
    ...layersToSend(source).map((layer) => layerEntry(layer, openLayer)),
  ];
}

function layoutIndex({ target, reference }: LoadableImage): Uint8Array {
  const { mediaType, digest, size } = target;
  const annotations = reference === undefined ? {} : { annotations: nameAnnotations(reference) };
  return jsonBytes({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ mediaType, digest, size, ...annotations }],
  });
}

// An image in a containerd store has one name: with a digest, omit the tag, as `docker pull name:tag@digest`
// does.
function nameAnnotations(reference: Reference): Readonly<Record<string, string>> {
  const { registry, repository, tag, digest } = reference;
  const name = formatReference(digest === undefined ? reference : { registry, repository, digest });
  return {
    'io.containerd.image.name': name,
    ...(tag === undefined || digest !== undefined ? {} : { 'org.opencontainers.image.ref.name': tag }),
  };
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
