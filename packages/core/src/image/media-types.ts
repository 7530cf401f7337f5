/** @see image-spec v1.1.1, media-types.md; Docker: distribution v2.8 docs/spec/manifest-v2-2.md */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
} as const;

export type LayerCompression = 'none' | 'gzip' | 'zstd';

const layerCompressions = new Map<string, LayerCompression>([
  [mediaTypes.ociLayer, 'none'],
  [mediaTypes.ociLayerGzip, 'gzip'],
  [mediaTypes.ociLayerZstd, 'zstd'],
  [mediaTypes.dockerLayer, 'none'],
  [mediaTypes.dockerLayerGzip, 'gzip'],
  // Deprecated by image-spec v1.1 but still in registries; the bytes are ordinary layers.
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'gzip'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.zstd', 'zstd'],
]);

/** The compression of a layer with this media type; undefined for an unknown layer type. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  return layerCompressions.get(mediaType);
}

// Engines read encrypted layers only with a key.
const layerName =
  /^(?:|application\/octet-stream|application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\..*)$/i;

/**
 * True for layers of no stated or an unusual kind, which engines take in an image that has an image's config:
 * the first bytes tell how they are compressed.
 * @see moby v28.5, distribution/pull_v2.go, `supportedMediaType`
 */
export function isUnnamedLayer(layerType: string, configType: string): boolean {
  const isImage = configType === mediaTypes.ociConfig || configType === mediaTypes.dockerConfig;
  return isImage && layerName.test(layerType) && !layerType.endsWith('+encrypted');
}

/** True for a media type that says nothing of a manifest or index: its own document decides. */
export function isUnsaidType(mediaType: string): boolean {
  return ['', 'application/json', 'application/octet-stream'].includes(mediaType);
}

/** True for an OCI image index or a Docker manifest list. */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
}

/** True for the manifest of one image, OCI or Docker schema 2. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** True for the withdrawn schema 1, signed or not. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType === mediaTypes.dockerSchema1 || mediaType === mediaTypes.dockerSchema1Signed;
}
