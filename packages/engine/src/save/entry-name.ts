import { fromHex, type Digest } from '@drayage/core';

/**
 * What an entry of an engine's archive is, as its name says: a blob with its digest, a layer of which nothing is known, or (undefined)
 * nothing that we need. `manifest.json`, `index.json` and `repositories` are among the last: an image is asked for by its ID, which is a
 * digest, and everything else follows from it.
 */
export type EntryKind = { readonly kind: 'blob'; readonly digest: Digest } | { readonly kind: 'layer' };

// image-spec v1.1.1, image-layout.md "Blobs"; moby v20.10.24, image/tarexport/save.go: `<config digest>.json` and `<v1 ID>/layer.tar`.
const blobName = /^(?:\.\/)?(?:blobs\/sha256\/([a-f0-9]{64})|([a-f0-9]{64})\.json)$/;
const layerName = /^(?:\.\/)?(?:[a-f0-9]{64}\/layer|[a-f0-9]{64})\.tar$/;

/** Classifies the name of a regular file; see {@link EntryKind}. */
export function entryKind(name: string): EntryKind | undefined {
  const [, ofLayout, ofConfig] = blobName.exec(name) ?? [];
  const hex = ofLayout ?? ofConfig;
  if (hex !== undefined) return { kind: 'blob', digest: fromHex(hex) };
  return layerName.test(name) ? { kind: 'layer' } : undefined;
}
