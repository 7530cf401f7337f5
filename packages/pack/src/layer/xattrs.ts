import type { PackFilesystem } from '@drayage/core/bundle';
import type { TarEntry } from '../tar/tar-entry.ts';
import { RefusedEntry } from './refused.ts';

/** Marks a directory as opaque: it hides its contents in lower layers. */
export const opaqueXattr = 'trusted.overlay.opaque';

/** What the file system of a pack supports. */
export interface Abilities {
  /** If false, times are whole seconds from 1970 to 2106. */
  readonly hasNanoseconds: boolean;
  /** If false, access control lists cannot be stored. */
  readonly hasAcls: boolean;
}

/** Abilities by kind of pack. */
export const abilities: Readonly<Record<PackFilesystem, Abilities>> = {
  squashfs: { hasNanoseconds: false, hasAcls: false },
  erofs: { hasNanoseconds: true, hasAcls: true },
};

/**
 * The extended attributes that an engine would set: those in namespaces of Linux, and `user.` attributes only
 * on files and directories.
 * @throws RefusedEntry for an attribute that changes how overlayfs reads a layer (engines differ on it), and
 * for one that the file system cannot store
 */
export function settableXattrs(entry: TarEntry, { hasAcls }: Abilities): ReadonlyMap<string, Buffer> {
  if (entry.xattrs.size === 0) return entry.xattrs;
  return new Map([...entry.xattrs].filter(([name]) => isSettable(name, entry, hasAcls)));
}

function isSettable(name: string, { type }: TarEntry, hasAcls: boolean): boolean {
  if (name.startsWith('trusted.overlay.')) throw new RefusedEntry(`it has the attribute ${name}`);
  if (name === 'system.posix_acl_access' || name === 'system.posix_acl_default') {
    if (!hasAcls)
      throw new RefusedEntry('it has an access control list, which this kind of pack cannot hold');
    return true;
  }
  if (name.startsWith('user.')) return type === 'file' || type === 'directory' || type === 'hardlink';
  return name.startsWith('security.') || name.startsWith('trusted.');
}
