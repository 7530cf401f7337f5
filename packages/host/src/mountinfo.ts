/** One mount of a mount namespace. */
export interface MountEntry {
  /** The mounted directory, as a path within its file system. */
  readonly root: string;
  readonly mountPoint: string;
  readonly filesystem: string;
  readonly source: string;
  readonly isReadOnly: boolean;
}

/**
 * Parses `/proc/PID/mountinfo`, in file order. If several entries share a mount point, the last one is
 * visible.
 * @see Linux, proc_pid_mountinfo(5)
 */
export function parseMountinfo(text: string): readonly MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, mountPoint, options = ''] = before.split(' ');
    const [filesystem, source] = after.split(' ');
    if (root === undefined || mountPoint === undefined) return [];
    if (filesystem === undefined || source === undefined) return [];
    return {
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      filesystem,
      source: unescapeOctal(source),
      isReadOnly: options.split(',').includes('ro'),
    };
  });
}

/** The kernel writes space, tab, newline and backslash as a backslash and three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
