import { familiarName, familiarReference, formatReference, hexOf } from '@drayage/core';
import type { Digest, LoadableImage } from '@drayage/core';
import type { LayoutEntry } from './layout-entry.ts';

/** The image database: image configs by ID, and `repositories.json` with tags and digests. Pure. */
export function imageEntries(store: string, images: readonly LoadableImage[]): readonly LayoutEntry[] {
  return [
    { kind: 'directory', path: `${store}/imagedb/metadata/sha256` },
    ...images.map(({ config, configBytes }) => ({
      kind: 'bytes' as const,
      path: `${store}/imagedb/content/sha256/${hexOf(config.digest)}`,
      bytes: configBytes,
    })),
    { kind: 'text', path: `${store}/repositories.json`, text: JSON.stringify(repositories(images)) },
  ];
}

/** Names by repository, each with its image ID, in the classic store's format. Pure. */
function repositories(images: readonly LoadableImage[]): {
  readonly Repositories: Readonly<Record<string, Readonly<Record<string, Digest>>>>;
} {
  const found = new Map<string, Map<string, Digest>>();
  for (const { reference, target, config } of images) {
    if (reference === undefined) continue;
    const { registry, repository, tag } = reference;
    const name = familiarName(reference);
    const names = found.get(name) ?? new Map<string, Digest>();
    if (tag !== undefined) names.set(familiarReference({ registry, repository, tag }), config.digest);
    names.set(familiarReference({ registry, repository, digest: target.digest }), config.digest);
    found.set(name, names);
  }
  return {
    Repositories: Object.fromEntries([...found].map(([name, names]) => [name, Object.fromEntries(names)])),
  };
}

/**
 * The entries by which a pull recognises existing layers: the diffId of each compressed layer, and the source
 * of each diffId. The engine uses them only for layers in its layer database. Pure.
 */
export function distributionEntries(store: string, images: readonly LoadableImage[]): readonly LayoutEntry[] {
  const diffIds = new Map<Digest, Digest>();
  const sources = new Map<Digest, Map<string, object>>();
  for (const { reference, layers, diffIds: ids } of images) {
    for (const [position, diffId] of ids.entries()) {
      const digest = layers[position]?.digest;
      if (digest === undefined || reference === undefined) continue;
      diffIds.set(digest, diffId);
      const { registry, repository } = reference;
      const SourceRepository = formatReference({ registry, repository });
      const known = sources.get(diffId) ?? new Map<string, object>();
      known.set(`${digest} ${SourceRepository}`, { Digest: digest, SourceRepository, HMAC: '' });
      sources.set(diffId, known);
    }
  }
  const dir = `${store}/distribution`;
  return [
    ...[...diffIds].map(([digest, diffId]) => ({
      kind: 'text' as const,
      path: `${dir}/diffid-by-digest/sha256/${hexOf(digest)}`,
      text: diffId,
    })),
    ...[...sources].map(([diffId, known]) => ({
      kind: 'text' as const,
      path: `${dir}/v2metadata-by-diffid/sha256/${hexOf(diffId)}`,
      text: JSON.stringify([...known.values()]),
    })),
  ];
}
