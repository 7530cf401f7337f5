/**
 * Shell functions for POSIX shells. `same_file MOUNTPOINT FILE DEVICE:INODE` fails unless the file behind the loop device that is mounted there
 * is that one. Where losetup (that of BusyBox) does not tell, the file that has the name now is compared. Without a third argument all is well.
 */
export const sameFileFunction = `
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
    *) [ "$(stat -c %d:%i "$2")" = "$3" ] ;;
  esac && return
  echo "$2 was replaced while it was mounted" >&2
  return 1
}
`;
