/** One line of `/proc/PID/mountinfo`, with what tells a container. */
export interface MountLine {
  /** The directory of its file system that is mounted. */
  readonly root: string;
  readonly mountPoint: string;
  readonly filesystem: string;
  readonly source: string;
  readonly isReadOnly: boolean;
}

/** The lines of a `mountinfo`; what is no such line is left out. Pure. @see Linux, proc_pid_mountinfo(5) */
export function parseMountTable(mountinfo: string): readonly MountLine[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, mountPoint, options = ''] = before.split(' ');
    const [filesystem, source] = after.split(' ');
    if (root === undefined || mountPoint === undefined) return [];
    if (filesystem === undefined || source === undefined) return [];
    return [{ root, mountPoint, filesystem, source, isReadOnly: options.split(',').includes('ro') }];
  });
}
