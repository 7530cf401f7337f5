import type { KernelFilesystem, KernelSupport } from './facts.ts';

/** The file systems that packs and data-roots may need. */
export const kernelFilesystems: readonly KernelFilesystem[] = [
  'squashfs',
  'erofs',
  'overlay',
  'ext4',
  'fuse',
];

/**
 * Whether the kernel supports a file system. Pure.
 * @param listed `/proc/filesystems`
 * @param modules the kernel's `modules.dep` and `modules.builtin`, if they exist
 */
export function supportOf(filesystem: KernelFilesystem, listed: string, modules: string): KernelSupport {
  if (new RegExp(`^(nodev)?\\s*${filesystem}$`, 'm').test(listed)) return 'yes';
  return new RegExp(`/${filesystem}\\.ko(\\.\\w+)?(:|$)`, 'm').test(modules) ? 'module' : 'unknown';
}

/** What the error of mounting a device that is not this file system shows about the kernel. Pure. */
export function supportByAttempt(message: string): KernelSupport {
  // util-linux, then BusyBox. If the file system is supported, the error is about the device.
  if (/unknown filesystem type|No such device/i.test(message)) return 'no';
  return /block device|superblock|Invalid argument|special device/i.test(message) ? 'yes' : 'unknown';
}
