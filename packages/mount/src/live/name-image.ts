import { formatReference, type Descriptor, type LoadableImage } from '@drayage/core';
import type { Images } from '../containerd/images.ts';

/** Docker's name for an image without a reference. */
export function danglingName(target: Descriptor): string {
  return `moby-dangling@${target.digest}`;
}

/**
 * The name of an image in a containerd store. A digest drops the tag, as in `docker pull name:tag@digest`.
 */
export function imageName({ reference, target }: LoadableImage): string {
  if (reference === undefined) return danglingName(target);
  const { registry, repository, digest } = reference;
  return formatReference(digest === undefined ? reference : { registry, repository, digest });
}

/** Names an image. An image that had the name becomes dangling, as with `docker load`. */
export async function nameImage(images: Images, image: LoadableImage): Promise<void> {
  const { mediaType, digest, size } = image.target;
  const named = { name: imageName(image), target: { mediaType, digest, size }, labels: {} };
  if (await images.create(named)) return;
  const before = await images.get(named.name);
  if (before?.target.digest === digest) return;
  if (before !== undefined) await images.create({ ...before, name: danglingName(before.target), labels: {} });
  await images.update(named);
}
