import { familiarReference, type LoadableImage, type Reference } from '@drayage/core';
import { layerEntry, layersToSend, plainLayerEntry, type LayerSource } from './layer-entries.ts';
import { blobPath, bytesEntry, type ArchiveEntry } from './tar-bytes.ts';

/** What the reader of a docker-archive can do. */
export interface DockerArchiveOptions {
  /** False for engines before 23.0. */
  readonly readsZstd: boolean;
}

/**
 * The entries of a docker-archive (what `docker save` of a classic store makes, v1.2) for one image. Layers are files as the registry
 * compressed them; omitted ones are named in `manifest.json` and absent, which a classic store accepts for layers it has.
 */
export async function dockerArchiveEntries(
  source: LayerSource,
  { readsZstd }: DockerArchiveOptions,
): Promise<readonly ArchiveEntry[]> {
  const { image, openLayer } = source;
  const layers: ArchiveEntry[] = [];
  for (const layer of layersToSend(source)) {
    layers.push(readsZstd ? layerEntry(layer, openLayer) : await plainLayerEntry(layer, openLayer));
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

// A classic store cannot be told of digests: only a pull records them.
function repoTags(reference: Reference | undefined): readonly string[] | null {
  if (reference?.tag === undefined) return null;
  const { registry, repository, tag } = reference;
  return [familiarReference({ registry, repository, tag })];
}
