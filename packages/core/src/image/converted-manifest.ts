import type { Descriptor } from './descriptor.ts';
import { digestOf } from './digest.ts';
import type { Manifest } from './manifest.ts';
import { layerCompression, mediaTypes, type LayerCompression } from './media-types.ts';

/** A converted manifest and the descriptor of its bytes. */
export interface ConvertedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

const ociLayerTypes: Readonly<Record<LayerCompression, string>> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

/**
 * Converts a manifest to OCI over the same config and layers; undefined when it is OCI already. Tools that
 * read OCI layouts (skopeo, umoci) do not know Docker media types, and an engine's own builder lists those
 * even in OCI manifests. Deterministic.
 * @see image-spec v1.1.1, media-types.md "Compatibility Matrix"
 */
export function convertToOci(manifest: Manifest): ConvertedManifest | undefined {
  const parts = [manifest, manifest.config, ...manifest.layers];
  return parts.every(({ mediaType }) => isOciType(mediaType)) ? undefined : convertManifestToOci(manifest);
}

/**
 * An OCI manifest over a config and layers, which keep their bytes and get OCI media types. Deterministic.
 * @see image-spec v1.1.1, manifest.md
 */
export function convertManifestToOci({
  config,
  layers,
}: Pick<Manifest, 'config' | 'layers'>): ConvertedManifest {
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: config.digest, size: config.size },
    layers: layers.map(({ mediaType, digest, size }) => ({
      // Of what is named gzip, containerd looks at the first bytes.
      mediaType: ociLayerTypes[layerCompression(mediaType) ?? 'gzip'],
      digest,
      size,
    })),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return {
    bytes,
    descriptor: { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.byteLength },
  };
}

function isOciType(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.oci.');
}
