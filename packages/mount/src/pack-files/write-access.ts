/** Who can change a file or directory, as `lstat` tells it. */
export interface PathAccess {
  readonly path: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. An ACL that lets others write shows in the bit of the group, which is its mask. */
  readonly mode: number;
  readonly isSticky: boolean;
}

/** What the decision stands on. */
export interface WriteFacts {
  /** Of this process. */
  readonly uid: number;
  /** Of the user who called sudo, if one did. */
  readonly sudoUid: number | undefined;
  /** Groups whose members are all root or that user. */
  readonly trustedGroups: ReadonlySet<number>;
  /** The file, the directory that it is in, and so on up to the root. */
  readonly paths: readonly PathAccess[];
}

/** `copy`: somebody else can change `path`, and with it what is mounted. */
export type WriteVerdict =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'copy'; readonly path: string; readonly who: string; readonly reason: string };

/**
 * Whether only root and the user who called sudo can change a file or put another one in its place. For another process than root's the
 * question does not arise: it mounts nothing. Pure.
 */
export function judgeWriteAccess({ uid, sudoUid, trustedGroups, paths }: WriteFacts): WriteVerdict {
  if (uid !== 0) return { kind: 'trusted' };
  for (const [position, access] of paths.entries()) {
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
