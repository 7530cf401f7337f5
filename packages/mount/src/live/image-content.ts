import { chainIds, isIndexType, isManifestType, parseManifest } from '@drayage/core/image';
import type { Descriptor, Digest, LoadableImage, Reference } from '@drayage/core';
import { collectorLabels } from '../containerd/labels.ts';

type Labels = Readonly<Record<string, string>>;

/** A blob of an image, with the labels that containerd's own pull gives it. */
export interface ImageBlob {
  readonly blob: Descriptor;
  /** Undefined for layers, which are opened when they are written. */
  readonly bytes: Uint8Array | undefined;
  readonly labels: Labels;
}

const sourcePrefix = 'containerd.io/distribution.source.';

/**
 * The blobs of images except their layers, each digest once. A config's label keeps the snapshots as long as
 * the image exists. Labels refer to layers even if their blobs are missing, as after a pull that found their
 * snapshots. Pure.
 */
export function imageBlobs(images: readonly LoadableImage[], snapshotter: string): readonly ImageBlob[] {
  return merged(images.flatMap((image) => documentsOf(image, snapshotter)));
}

/** The layers of images as blobs to store, each digest once. Pure. */
export function layerBlobs(images: readonly LoadableImage[]): readonly ImageBlob[] {
  return merged(
    images.flatMap(({ layers, diffIds, reference }) =>
      layers.map((blob, position) => ({
        blob,
        bytes: undefined,
        labels: { 'containerd.io/uncompressed': diffIds[position] ?? '', ...sourceLabel(reference) },
      })),
    ),
  );
}

/** Merges new labels into existing ones. Sources can be many; containerd lists them with commas. Pure. */
export function withLabels(known: Labels, labels: Labels): Labels {
  const all = { ...known };
  for (const [name, value] of Object.entries(labels)) {
    const others = name.startsWith(sourcePrefix) ? (known[name] ?? '').split(',') : [];
    all[name] = [...new Set([...others, value].filter((source) => source !== ''))].join(',');
  }
  return all;
}

function merged(blobs: readonly ImageBlob[]): readonly ImageBlob[] {
  const found = new Map<Digest, ImageBlob>();
  for (const blob of blobs) {
    const before = found.get(blob.blob.digest);
    const labels = before === undefined ? blob.labels : withLabels(before.labels, blob.labels);
    found.set(blob.blob.digest, { ...blob, labels });
  }
  return [...found.values()];
}

function documentsOf(image: LoadableImage, snapshotter: string): readonly ImageBlob[] {
  const source = sourceLabel(image.reference);
  const top = chainIds(image.diffIds).at(-1);
  const snapshot = top === undefined ? {} : { [`${collectorLabels.snapshot}.${snapshotter}`]: top };
  const layers = image.layers.map(
    ({ digest }, position) => [`${collectorLabels.content}.l.${String(position)}`, digest] as const,
  );
  const config = { blob: image.config, bytes: image.configBytes, labels: { ...snapshot, ...source } };
  const manifest = {
    blob: image.manifest,
    bytes: image.manifestBytes,
    labels: {
      [`${collectorLabels.content}.config`]: image.config.digest,
      ...Object.fromEntries(layers),
      ...source,
    },
  };
  if (image.target.digest === image.manifest.digest) return [config, manifest];
  const indexes = [{ descriptor: image.target, bytes: image.targetBytes }, ...image.innerIndexes];
  return [
    ...[config, manifest],
    ...indexes.map(({ descriptor, bytes }) => ({
      ...{ blob: descriptor, bytes },
      labels: { ...indexLabels(descriptor, bytes), ...source },
    })),
  ];
}

/** Refers to other platforms of an index too, so that their manifests stay if they are pulled later. */
function indexLabels({ mediaType }: Descriptor, bytes: Uint8Array): Labels {
  const index = parseManifest(bytes, mediaType);
  if (index.kind !== 'index') return {};
  const children = index.manifests.map(({ digest, mediaType }, position) => ({
    digest,
    mediaType,
    position,
  }));
  return Object.fromEntries(
    children
      .filter((child) => isManifestType(child.mediaType) || isIndexType(child.mediaType))
      .map(({ digest, position }) => [`${collectorLabels.content}.m.${String(position)}`, digest]),
  );
}

/** The repository from which missing blobs can be fetched, and in which a push can mount them. */
function sourceLabel(reference: Reference | undefined): Labels {
  return reference === undefined ? {} : { [`${sourcePrefix}${reference.registry}`]: reference.repository };
}
