import type { KernelFilesystem, KernelSupport } from './facts.ts';

/** The names of what a pack or a data-root may need of the kernel. */
export const kernelFilesystems: readonly KernelFilesystem[] = [
  'squashfs',
  'erofs',
  'overlay',
  'ext4',
  'fuse',
];

/**
 * Whether the kernel has a file system. Pure.
 * @param listed `/proc/filesystems` @param modules `modules.dep` and `modules.builtin` of the kernel, where they are there
 */
export function supportOf(filesystem: KernelFilesystem, listed: string, modules: string): KernelSupport {
  if (new RegExp(`^(nodev)?\\s*${filesystem}$`, 'm').test(listed)) return 'yes';
  return new RegExp(`/${filesystem}\\.ko(\\.\\w+)?(:|$)`, 'm').test(modules) ? 'module' : 'unknown';
}

/** What an attempt to mount something that is no such file system tells of the kernel. Pure. */
export function supportByAttempt(message: string): KernelSupport {
  // util-linux and BusyBox in turn; a file system that is there complains about the device instead.
  if (/unknown filesystem type|No such device/i.test(message)) return 'no';
  return /block device|superblock|Invalid argument|special device/i.test(message) ? 'yes' : 'unknown';
}
