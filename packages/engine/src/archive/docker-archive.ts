import { familiarReference, type LoadableImage, type Reference } from '@drayage/core';
import {
  gunzippedLayerEntry,
  layerEntry,
  layersToSend,
  plainLayerEntry,
  type LayerSource,
} from './layer-entries.ts';
import { blobPath, bytesEntry, type ArchiveEntry } from './tar-bytes.ts';

export interface DockerArchiveOptions {
  /** False for engines before 23.0. */
  readonly readsZstd: boolean;
  /** True where sending more bytes costs less than the engine's decompression. */
  readonly gunzips: boolean;
}

/**
 * The entries of a docker-archive (the format of `docker save` with a classic store, v1.2) for one image.
 * Layers are files, compressed as in the registry, or
 * gunzipped on request. `manifest.json` names omitted layers too; a classic store
 * accepts their absence when it has them.
 */
export async function dockerArchiveEntries(
  source: LayerSource,
  { readsZstd, gunzips }: DockerArchiveOptions,
): Promise<readonly ArchiveEntry[]> {
  const { image, openLayer } = source;
  const layers: ArchiveEntry[] = [];
  for (const layer of layersToSend(source)) {
    const gunzipped = gunzips ? await gunzippedLayerEntry(layer, source) : undefined;
    const asStored = (): ArchiveEntry => layerEntry(layer, openLayer);
    layers.push(gunzipped ?? (readsZstd ? asStored() : await plainLayerEntry(layer, openLayer)));
  }
  return [
    bytesEntry('manifest.json', archiveManifest(image)),
    bytesEntry(blobPath(image.config.digest), image.configBytes),
    ...layers,
  ];
}

function archiveManifest(image: LoadableImage): Uint8Array {
  const description = {
    Config: blobPath(image.config.digest),
    RepoTags: repoTags(image.reference),
    Layers: image.layers.map((layer) => blobPath(layer.digest)),
  };
  return Buffer.from(JSON.stringify([description]));
}

// A classic store records digests only in a pull, so they cannot be sent.
function repoTags(reference: Reference | undefined): readonly string[] | null {
  if (reference?.tag === undefined) return null;
  const { registry, repository, tag } = reference;
  return [familiarReference({ registry, repository, tag })];
}
