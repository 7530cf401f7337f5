/** One mount of a mount namespace. */
export interface MountEntry {
  readonly mountPoint: string;
  readonly filesystem: string;
  readonly source: string;
}

/** The mounts of `/proc/PID/mountinfo`, in its order: of several at one place the last is the one seen. @see Linux, proc_pid_mountinfo(5) */
export function parseMountinfo(text: string): readonly MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const mountPoint = before.split(' ')[4];
    const [filesystem, source] = after.split(' ');
    if (mountPoint === undefined || filesystem === undefined || source === undefined) return [];
    return [{ mountPoint: unescapeOctal(mountPoint), filesystem, source: unescapeOctal(source) }];
  });
}

/** The kernel writes space, tab, newline and backslash as three octal digits, and other bytes as they are. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
