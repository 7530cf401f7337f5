import { hexOf } from '@drayage/core';
import type { Pack } from '@drayage/core/bundle';

/** Drayage's directory in a baked image. The entry point repeats this path. */
export const bakedHome = '/drayage';

/** The file name of a pack in a baked image. Short, because link targets must fit into a tar header. Pure. */
export function packFileName({ image, filesystem }: Pack): string {
  return `${packName(image)}.${filesystem}`;
}

/** The mount point of a pack in a baked image. Pure. */
export function bakedMountPoint({ image }: Pack): string {
  return `${bakedHome}/mnt/${packName(image)}`;
}

function packName({ digest }: Pack['image']): string {
  return hexOf(digest).slice(0, 16);
}
