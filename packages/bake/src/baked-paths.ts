import { hexOf } from '@drayage/core';
import type { Pack } from '@drayage/core/bundle';

/** Where everything of ours is in a baked image; its entry point knows it too. */
export const bakedHome = '/drayage';

/** The file of a pack in a baked image. Short, because links to layers have to fit into the header of a tar. Pure. */
export function packFileName({ image, filesystem }: Pack): string {
  return `${packName(image)}.${filesystem}`;
}

/** Where the entry point mounts a pack. Pure. */
export function bakedMountPoint({ image }: Pack): string {
  return `${bakedHome}/mnt/${packName(image)}`;
}

function packName({ digest }: Pack['image']): string {
  return hexOf(digest).slice(0, 16);
}
