import { formatReference, type Descriptor, type LoadableImage } from '@drayage/core';
import type { Images } from '../containerd/images.ts';

/** How Docker names images that have no name (any more). */
export function danglingName(target: Descriptor): string {
  return `moby-dangling@${target.digest}`;
}

/** The one name of an image in a containerd store: with a digest the tag is left out, as `docker pull name:tag@digest` does. */
export function imageName({ reference, target }: LoadableImage): string {
  if (reference === undefined) return danglingName(target);
  const { registry, repository, digest } = reference;
  return formatReference(digest === undefined ? reference : { registry, repository, digest });
}

/** Gives an image its name; what had the name before stays as an image without one, as `docker load` leaves it. */
export async function nameImage(images: Images, image: LoadableImage): Promise<void> {
  const { mediaType, digest, size } = image.target;
  const named = { name: imageName(image), target: { mediaType, digest, size }, labels: {} };
  if (await images.create(named)) return;
  const before = await images.get(named.name);
  if (before?.target.digest === digest) return;
  if (before !== undefined) await images.create({ ...before, name: danglingName(before.target), labels: {} });
  await images.update(named);
}
