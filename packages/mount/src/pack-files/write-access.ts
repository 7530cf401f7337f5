/** Who can change a file or directory, according to `lstat`. */
export interface PathAccess {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /**
   * Permission bits. Those of the group are the mask of an ACL, so an ACL that lets others write shows there.
   */
  readonly mode: number;
  readonly isSticky: boolean;
}

/** What the decision is made from. */
export interface WriteFacts {
  /** Of this process. */
  readonly uid: number;
  /** Of the user who called sudo, if one did. */
  readonly sudoUid: number | undefined;
  /** Groups whose members are all root or that user. */
  readonly trustedGroups: ReadonlySet<number>;
  /**
   * Whoever uses the file compares its device and inode with those of the file that was proven. Another file
   * under the same name is then refused, so it does not matter who can write to the directories.
   */
  readonly isInodeCompared: boolean;
  /** The file, its directory, and so on up to the root. */
  readonly paths: readonly PathAccess[];
}

/** `copy`: another user can change `path`, and with it what is mounted. */
export type WriteVerdict =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'copy'; readonly path: string; readonly who: string; readonly reason: string };

/**
 * Whether only root and the user who called sudo can change a file, or put another one in its place
 * unnoticed. A process that is not root mounts nothing, so it trusts every file. Pure.
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
  // Others can add names to a sticky directory, and neither remove nor replace those of trusted owners.
  if (!isFile && isSticky) return undefined;
  if ((mode & 0o002) !== 0) return 'every user';
  if ((mode & 0o020) !== 0 && !trustedGroups.has(gid)) return `group ${String(gid)}`;
  return undefined;
}
