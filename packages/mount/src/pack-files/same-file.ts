import { runProgram, type ProgramResult } from '@drayage/host';

/**
 * A shell command that succeeds if losetup shows the device and inode behind a loop device: util-linux does,
 * BusyBox does not.
 */
export const losetupShowsInode = 'losetup -n -O BACK-MAJ:MIN,BACK-INO >/dev/null 2>&1';

/**
 * POSIX shell functions. `same_file MOUNTPOINT FILE DEVICE:INODE` succeeds if the file behind the loop device
 * mounted there has that device and inode. If losetup cannot show them, it compares the file that now has the
 * name. Without a third argument it succeeds.
 */
export const sameFileFunction: string = `
same_file() {
  [ -n "$3" ] || return 0
  loop=$(while read -r _ _ number _ point _; do [ "$point" = "$1" ] && echo "$number"; done </proc/self/mountinfo | tail -n 1)
  loop=$(readlink "/sys/dev/block/$loop")
  behind=$(losetup -n -O BACK-MAJ:MIN,BACK-INO "/dev/\${loop##*/}" 2>/dev/null) || behind=
  case "$behind" in
    *[0-9]:[0-9]*" "*[0-9])
      set -- "$1" "$2" "$3" $behind
      number=$((\${3%%:*}))
      major=$(((number >> 8 & 0xfff) | (number >> 32 & 0xfffff000)))
      minor=$(((number & 0xff) | (number >> 12 & 0xffffff00)))
      [ "$4 $5" = "$major:$minor \${3##*:}" ] ;;
    *) ! ${losetupShowsInode} && [ "$(stat -c %d:%i "$2")" = "$3" ] ;;
  esac && return
  echo "$2 was replaced while it was mounted" >&2
  return 1
}
`;

/** Whether `same_file` can compare inodes where `run` runs programs. Default: on this machine. */
export async function canCompareInodes(
  run: (argv: readonly string[]) => Promise<ProgramResult> = runProgram,
): Promise<boolean> {
  return (await run(['sh', '-c', losetupShowsInode])).exitCode === 0;
}
