// Manifests, configs and media types of the OCI image specification and of Docker.
export {
  isIndexType,
  isManifestType,
  isSchema1Type,
  layerCompression,
  mediaTypes,
} from './image/media-types.ts';
export type { Index, Manifest } from './image/manifest.ts';
export { checkManifestSize, maxManifestBytes, parseManifest, selectManifest } from './image/manifest.ts';
export { imageDocuments } from './image/image-content.ts';
export { parseImageConfig } from './image/image-config.ts';
export { convertManifestToOci, convertToOci, type ConvertedManifest } from './image/converted-manifest.ts';
export { chainIds } from './image/chain-id.ts';
export { normalizePlatform } from './image/platform.ts';
export { distinctDescriptors } from './image/descriptor.ts';
export { documentsIn, readBlobBytes, readImageContent } from './bundle/image-content.ts';
export { gunzip } from './store/gunzip.ts';
export { unzstd } from './store/zstd.ts';
