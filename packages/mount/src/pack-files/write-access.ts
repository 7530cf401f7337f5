/** The owner and permissions of a file or directory, from `lstat`. */
export interface PathAccess {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. The group bits are the mask of an ACL, so they show an ACL that lets others write. */
  readonly mode: number;
  readonly isSticky: boolean;
}

/** The facts that decide whether a file is trusted. */
export interface WriteFacts {
  /** The user ID of this process. */
  readonly uid: number;
  /** The user who called sudo; undefined without sudo. */
  readonly sudoUid: number | undefined;
  /** Groups whose members are all root or the sudo user. */
  readonly trustedGroups: ReadonlySet<number>;
  /**
   * True if the user of the file compares its device and inode with the proven file. Another file
   * under the same name is then rejected, so directories may be writable to others.
   */
  readonly isInodeCompared: boolean;
  /** The file, its directory, and so on up to the root directory. */
  readonly paths: readonly PathAccess[];
}

/** `copy`: another user, `who`, can change `path` and so what is mounted. */
export type WriteVerdict =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'copy'; readonly path: string; readonly who: string; readonly reason: string };

/**
 * Whether only root and the user who called sudo can change a file, or replace it unnoticed. A process that
 * is not root cannot mount, so it trusts every file. Pure.
 */
export function judgeWriteAccess(facts: WriteFacts): WriteVerdict {
  const { uid, sudoUid, trustedGroups, isInodeCompared, paths } = facts;
  if (uid !== 0) return { kind: 'trusted' };
  for (const [position, access] of (isInodeCompared ? paths.slice(0, 1) : paths).entries()) {
    const who = whoElse(access, position === 0, sudoUid, trustedGroups);
    if (who === undefined) continue;
    const { path } = access;
    return { kind: 'copy', path, who, reason: `${who} can write to ${path}` };
  }
  return { kind: 'trusted' };
}

function whoElse(
  { uid, gid, mode, isSticky }: PathAccess,
  isFile: boolean,
  sudoUid: number | undefined,
  trustedGroups: ReadonlySet<number>,
): string | undefined {
  if (uid !== 0 && uid !== sudoUid) return `user ${String(uid)}`;
  // Others can add names to a sticky directory, but not remove or replace entries of trusted owners.
  if (!isFile && isSticky) return undefined;
  if ((mode & 0o002) !== 0) return 'every user';
  if ((mode & 0o020) !== 0 && !trustedGroups.has(gid)) return `group ${String(gid)}`;
  return undefined;
}
