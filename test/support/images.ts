import { makeFolder, removeFolder } from './folders.ts';
import {
  blobsOf,
  buildImage,
  descriptorOf,
  makeDocument,
  type BuiltImage,
  type BuiltLayers,
  type Document,
  type ImageSpec,
} from './image-build.ts';
import { documentTypes, type MediaTypes } from './media-types.ts';
import { pushBlob, pushManifest, type PushTarget } from './push.ts';

export { busyboxLayer } from './busybox.ts';
export { programLayer } from './programs.ts';
export { layerOf } from './image-build.ts';
export type { ImageSpec } from './image-build.ts';
export type { LayerEntry } from './layer-entries.ts';

/** An image that is in a registry. */
export interface PushedImage extends BuiltImage {
  /** `HOST/REPOSITORY:TAG` */
  readonly reference: string;
}

/** An index that is in a registry, with the image of each platform. */
export interface PushedIndex {
  /** `HOST/REPOSITORY:TAG` */
  readonly reference: string;
  readonly index: Document;
  /** In the order of the specs. */
  readonly images: readonly BuiltImage[];
}

/** What an index is made of. */
export interface IndexSpec {
  /** One image for each platform. */
  readonly images: readonly ImageSpec[];
  /** Default: OCI. */
  readonly mediaTypes?: MediaTypes;
  /** Adds a manifest of the platform unknown/unknown for the first image, as BuildKit does for provenance. */
  readonly withAttestation?: boolean;
}

/** Builds an image and pushes it, without an engine. `name` is `REPOSITORY:TAG`. */
export async function pushImage(target: PushTarget, name: string, spec: ImageSpec): Promise<PushedImage> {
  return inTemporaryFolder((folder) => buildAndPush(target, folder, name, spec));
}

/** The same for several images, of one compression: a list of entries that they share is built once. */
export async function pushImages(
  target: PushTarget,
  images: readonly (readonly [name: string, spec: ImageSpec])[],
): Promise<readonly PushedImage[]> {
  return inTemporaryFolder(async (folder) => {
    const built: BuiltLayers = new Map();
    const pushed: PushedImage[] = [];
    for (const [name, spec] of images) pushed.push(await buildAndPush(target, folder, name, spec, built));
    return pushed;
  });
}

async function buildAndPush(
  target: PushTarget,
  folder: string,
  name: string,
  spec: ImageSpec,
  built?: BuiltLayers,
): Promise<PushedImage> {
  const { repository, tag } = splitName(name);
  const image = await buildImage(folder, spec, built);
  await pushBuilt(target, repository, image, tag);
  return { ...image, reference: `${target.host}/${name}` };
}

/** Builds one image for each platform and pushes them under one tag. `name` is `REPOSITORY:TAG`. */
export async function pushIndex(target: PushTarget, name: string, spec: IndexSpec): Promise<PushedIndex> {
  return inTemporaryFolder(async (folder) => {
    const { repository, tag } = splitName(name);
    const images: BuiltImage[] = [];
    for (const image of spec.images) images.push(await buildImage(folder, image));
    const entries: object[] = images.map(({ manifest, platform }) => ({
      ...descriptorOf(manifest),
      platform,
    }));
    if (spec.withAttestation === true && images[0] !== undefined) {
      const attestation = await buildAttestation(folder);
      entries.push(attestationEntry(attestation, images[0]));
      await pushBuilt(target, repository, attestation);
    }
    for (const image of images) await pushBuilt(target, repository, image);
    const mediaType = documentTypes[spec.mediaTypes ?? 'oci'].index;
    const index = makeDocument(mediaType, { schemaVersion: 2, mediaType, manifests: entries });
    await pushManifest(target, repository, { ...index, reference: tag });
    return { index, images, reference: `${target.host}/${name}` };
  });
}

async function pushBuilt(
  target: PushTarget,
  repository: string,
  image: BuiltImage,
  tag?: string,
): Promise<void> {
  for (const blob of blobsOf(image)) await pushBlob(target, repository, blob);
  await pushManifest(target, repository, { ...image.manifest, reference: tag ?? image.manifest.digest });
}

async function buildAttestation(folder: string): Promise<BuiltImage> {
  const statement = { path: 'statement.json', content: '{"_type":"https://in-toto.io/Statement/v0.1"}' };
  return buildImage(folder, {
    layers: [[statement]],
    compression: 'none',
    platform: { os: 'unknown', architecture: 'unknown' },
  });
}

function attestationEntry(attestation: BuiltImage, subject: BuiltImage): object {
  return {
    ...descriptorOf(attestation.manifest),
    platform: attestation.platform,
    annotations: {
      'vnd.docker.reference.digest': subject.manifest.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
  };
}

function splitName(name: string): { repository: string; tag: string } {
  const [, repository, tag] = /^(.+):([^:/]+)$/.exec(name) ?? [];
  if (repository === undefined || tag === undefined)
    throw new Error(`cannot push ${name}: it is not REPOSITORY:TAG`);
  return { repository, tag };
}

async function inTemporaryFolder<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = makeFolder();
  try {
    return await action(folder);
  } finally {
    await removeFolder(folder);
  }
}
