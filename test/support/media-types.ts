import type { Compression } from './layers.ts';

/** Which names the documents of an image use; the documents themselves are the same. */
export type MediaTypes = 'oci' | 'docker';

const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';

/** The media types of each kind of document. */
export const documentTypes = {
  oci: {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
  },
  docker: {
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
    config: 'application/vnd.docker.container.image.v1+json',
  },
} as const;

const layerTypes: Readonly<Record<MediaTypes, Readonly<Record<Compression, string>>>> = {
  oci: { gzip: `${OCI_LAYER}+gzip`, zstd: `${OCI_LAYER}+zstd`, none: OCI_LAYER },
  docker: { gzip: `${DOCKER_LAYER}.gzip`, zstd: `${DOCKER_LAYER}.zstd`, none: DOCKER_LAYER },
};

/** Names the media type of a layer. */
export function layerMediaType(mediaTypes: MediaTypes, compression: Compression): string {
  return layerTypes[mediaTypes][compression];
}
