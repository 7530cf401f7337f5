import { fromHex, type Digest } from '@drayage/core';

/**
 * The kind of an archive entry, by its name: a blob with its digest, a layer of unknown digest, or
 * (undefined) an entry we do not need. That includes `manifest.json`, `index.json` and `repositories`: an
 * image is requested by its ID, which is a digest, and leads to everything else.
 */
export type EntryKind = { readonly kind: 'blob'; readonly digest: Digest } | { readonly kind: 'layer' };

// image-spec v1.1.1, image-layout.md "Blobs"; moby v20.10.24, image/tarexport/save.go: `<config digest>.json`
// and `<v1 ID>/layer.tar`.
const blobName = /^(?:\.\/)?(?:blobs\/sha256\/([a-f0-9]{64})|([a-f0-9]{64})\.json)$/;
const layerName = /^(?:\.\/)?(?:[a-f0-9]{64}\/layer|[a-f0-9]{64})\.tar$/;

export function entryKind(name: string): EntryKind | undefined {
  const [, ofLayout, ofConfig] = blobName.exec(name) ?? [];
  const hex = ofLayout ?? ofConfig;
  if (hex !== undefined) return { kind: 'blob', digest: fromHex(hex) };
  return layerName.test(name) ? { kind: 'layer' } : undefined;
}
