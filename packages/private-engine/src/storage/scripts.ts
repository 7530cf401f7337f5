/**
 * Tries an overlay mount with its upper directory below `$1`, including whiteouts and opaque directories.
 * Leaves nothing. Works with util-linux and BusyBox.
 */
export const tryOverlay = `
d=$1/.drayage-try; rm -rf "$d"
mkdir -p "$d/lower/dir" "$d/upper" "$d/work" "$d/merged" && : >"$d/lower/file" || exit 1
try() {
  mount -t overlay overlay -o "lowerdir=$d/lower,upperdir=$d/upper,workdir=$d/work" "$d/merged" || return 1
  rm "$d/merged/file" && rm -r "$d/merged/dir" && mkdir "$d/merged/dir" && [ -c "$d/upper/file" ]
  said=$?; umount "$d/merged"; return $said
}
try; said=$?; rm -rf "$d"; exit $said
`;

/** The same with fuse-overlayfs, at path `$2`. */
export const tryFuseOverlayfs = `
program=$2; d=$1/.drayage-try; rm -rf "$d"
mkdir -p "$d/lower/dir" "$d/upper" "$d/work" "$d/merged" && : >"$d/lower/file" || exit 1
try() {
  "$program" -o "lowerdir=$d/lower,upperdir=$d/upper,workdir=$d/work" "$d/merged" || return 1
  rm "$d/merged/file" && [ -d "$d/merged/dir" ]
  said=$?; umount "$d/merged"; return $said
}
try; said=$?; rm -rf "$d"; exit $said
`;

/** Tries an overlay mount on a tmpfs at `$1`, an empty directory. */
export const tryOverlayOnTmpfs: string = `mount -t tmpfs -o size=1m drayage "$1" || exit 1
(${tryOverlay}); said=$?; umount "$1"; exit $said`;

/**
 * Mounts a file: `$1` file system type, `$2` options, `$3` file, `$4` directory. The loop device is freed at
 * unmount. Makes missing device nodes, because a container's /dev has only the loop devices that existed when
 * it started.
 */
export const mountFile = `
nodes() {
  [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
  for d in /sys/block/loop*; do n=/dev/\${d##*/}; [ -e "$n" ] || mknod "$n" b $(tr : ' ' <"$d/dev"); done
}
attach() { mount -t "$1" -o "loop,$2" "$3" "$4"; }
attach "$@" 2>/dev/null || { nodes; attach "$@"; } || { nodes; attach "$@"; }
`;
