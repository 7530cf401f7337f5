#!/bin/sh
# Entry point of a docker-in-docker image made by "dray bake". Mounts the packs of the image, gives the engine
# a data-root that refers to their layers, then runs the entry point of the base image. If a step is
# impossible here, it prints why, and the engine starts without the images. Runs in BusyBox sh and any POSIX
# sh.
set -u

home=/drayage
data=/var/lib/docker
disk=$home/disk.img
reason=

say() { printf 'drayage: %s\n' "$*" >&2; }

give_up() {
  say "the engine starts without the images of this image: $*"
  case $reason in *ermi*) say 'Run this container with --privileged.' ;; esac
}

# Prints the last line that a failed command printed.
why() { printf '%s\n' "${reason:-no reason was given}" | tail -n 1; }

# The base image can run other commands than an engine; those need no images.
starts_engine() {
  case ${1:--} in -* | dockerd) return 0 ;; *) return 1 ;; esac
}

read_data_root() {
  while [ "$#" -gt 0 ]; do
    case $1 in
      --data-root=*) data=${1#*=} ;;
      --data-root) data=${2:-$data} ;;
    esac
    shift
  done
}

# has_capability NUMBER; for the numbers see capabilities(7).
has_capability() {
  effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
  [ "$((0x${effective:-0} >> $1 & 1))" -eq 1 ]
}

is_mounted() { grep -qF " $1 " /proc/self/mountinfo; }

filesystem_of() { df -PT "$1" 2>/dev/null | awk 'NR == 2 { print $2 }'; }

# Allows one engine per data-root, also across containers: the engine inherits the lock and holds it until its
# last process ends.
lock_data_root() {
  reason=$(mkdir -p "$data" 2>&1) || return
  command -v flock >/dev/null || return 0
  # Tried in a subshell first, because a failed redirection of exec would end this shell.
  reason=$( (: >>"$data/.drayage-lock") 2>&1) || return
  exec 9>>"$data/.drayage-lock"
  flock -n 9 && return
  say "cannot start an engine on $data: the engine of another container uses it"
  say 'Give each container its own volume, or none.'
  exit 1
}

is_empty() { [ -z "$(find "$data" -mindepth 1 -maxdepth 1 ! -name lost+found ! -name '.drayage-*')" ]; }

# A start was interrupted while it laid out the data-root; no engine has used it yet.
is_unfinished() { [ -e "$data/.drayage-unfinished" ]; }

is_laid_out() { [ -e "$data/.drayage-layout" ] && ! is_unfinished; }

is_usable() { is_laid_out || is_unfinished || is_empty; }

# A container's /dev has only the loop devices that existed when the container started; the kernel adds more
# on demand.
make_loop_nodes() {
  [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
  for device in /sys/block/loop*/dev; do
    [ -e "$device" ] || continue
    node=${device%/dev}
    node=/dev/${node##*/}
    [ -e "$node" ] || { IFS=: read -r major minor <"$device" && mknod "$node" b "$major" "$minor"; }
  done 2>/dev/null
}

# mount_file TYPE OPTIONS FILE POINT. Retries, because another container may take the free loop device first.
mount_file() {
  for attempt in 1 2 3 4 5; do
    reason=$(mount -t "$1" -o "loop,$2" "$3" "$4" 2>&1) && return
    case $reason in *ermi* | *nvalid*) return 1 ;; esac
    make_loop_nodes
    [ "$attempt" -eq 1 ] || sleep 1
  done
  return 1
}

# Checked first, because BusyBox's mount tries a million loop devices if it may not use any.
may_use_loops() {
  make_loop_nodes
  reason=$( (: </dev/loop-control) 2>&1)
}

# The root of a pack contains only layer directories; a link would show this container's files to other
# containers.
check_root() {
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    name=${entry##*/}
    case $name in *[!0123456789abcdef]*) name= ;; esac
    [ ! -L "$entry" ] && [ -d "$entry" ] && [ "${#name}" -eq 64 ] && continue
    reason='the pack contains something other than layer directories'
    return 1
  done
}

mount_packs() {
  pack=$home/packs
  may_use_loops || return
  for pack in "$home"/packs/*; do
    name=${pack##*/}
    point=$home/mnt/${name%.*}
    is_mounted "$point" && reason="something is mounted at $point" && return 1
    reason=$(mkdir -p "$point" 2>&1) || return
    # nodev: device nodes in a pack open nothing in this mount. In containers, their device cgroup decides.
    mount_file "${name##*.}" ro,nodev "$pack" "$point" && check_root "$point" || return
  done
}

unmount_packs() {
  for point in "$home"/mnt/*; do
    if is_mounted "$point"; then umount "$point"; fi
  done
}

# Mounts an overlay and removes a file of the lower layer, as overlay2 does.
takes_overlay() {
  try=$data/.drayage-try
  rm -rf "$try"
  (
    mkdir -p "$try/lower" "$try/upper" "$try/work" "$try/merged" && cd "$try" && : >lower/file || exit 1
    mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged || exit 1
    rm merged/file && [ ! -e merged/file ]
    works=$?
    umount merged || works=1
    exit "$works"
  ) >/dev/null 2>&1
  works=$?
  rm -rf "$try"
  return "$works"
}

# A sparse file: it uses only the space of its contents, and deletion frees space. No journal, because the
# file does not outlive the container.
make_disk() {
  free=$(df -Pk "$home" | awk 'NR == 2 { print $4 }')
  truncate -s "${DRAY_STORAGE_SIZE:-$((${free:-0} * 9 / 10))k}" "$disk" && mkfs.ext4 -q -F -O ^has_journal "$disk"
}

mount_disk() {
  command -v mkfs.ext4 >/dev/null || { reason='mkfs.ext4 not found' && return 1; }
  if [ -e "$disk" ]; then
    e2fsck -p "$disk" >/dev/null 2>&1 || e2fsck -y "$disk" >/dev/null 2>&1
  else
    reason=$(make_disk 2>&1) || { rm -f "$disk" && return 1; }
  fi
  mount_file ext4 noinit_itable,discard "$disk" "$data"
}

mount_memory() { reason=$(mount -t tmpfs -o mode=0711 tmpfs "$data" 2>&1); }

# Takes the first storage that works: the directory itself, a disk image, memory. The latter two are mounted
# on the directory, so the engine needs no other path.
choose_storage() {
  storage=$(filesystem_of "$data")
  takes_overlay && return
  unfit="overlay2 does not work on ${storage:-this file system}"
  if mount_disk && takes_overlay; then
    storage="a sparse ext4 file, as $unfit"
    return
  fi
  unfit="$unfit, and making a disk image failed: $(why)"
  mount_memory && takes_overlay && storage="memory, as $unfit"
}

# Writes only small files and links.
lay_out() {
  if is_unfinished; then rm -rf "$data/image" "$data/overlay2"; fi
  # BusyBox before 1.29 refuses links that leave the directory unless this is set.
  : >"$data/.drayage-unfinished" &&
    EXTRACT_UNSAFE_SYMLINKS=1 tar -xf "$home/layout.tar" -C "$data" &&
    cp "$home/layout.id" "$data/.drayage-layout" &&
    rm "$data/.drayage-unfinished"
}

refuse_used() { give_up "an engine has used $data before, and it is left as it is"; say 'Give this container a fresh volume, or none.'; }

prepare() {
  [ "$(id -u)" -eq 0 ] || { give_up 'only root can mount packs' && return; }
  has_capability 21 || { reason='not permitted' && give_up 'CAP_SYS_ADMIN is missing' && return; }
  has_capability 27 || say 'CAP_MKNOD is missing: loop devices that /dev lacks cannot be made'
  lock_data_root || { give_up "$(why)" && return; }
  is_usable || { refuse_used && return; }
  mount_packs || { unmount_packs && give_up "cannot mount $pack: $(why)" && return; }
  choose_storage || { unmount_packs && give_up "${unfit:-no storage works}, nor does it work in memory: $(why)" && return; }
  is_usable || { unmount_packs && refuse_used && return; }
  if ! is_laid_out; then
    reason=$(lay_out 2>&1) || { give_up "cannot lay out $data: $(why)" && return; }
    say "$(cat "$home/summary.txt") ready in $data ($storage)"
  elif cmp -s "$home/layout.id" "$data/.drayage-layout"; then
    say "keeps $data as the last start left it ($storage)"
  else
    say "keeps $data, which another image of dray bake laid out: only images whose packs are also in this image can run"
  fi
}

become_engine() {
  if command -v dockerd-entrypoint.sh >/dev/null; then exec dockerd-entrypoint.sh "$@"; fi
  case ${1:--} in -*) exec dockerd "$@" ;; *) exec "$@" ;; esac
}

if starts_engine "$@"; then
  read_data_root "$@"
  prepare
fi
become_engine "$@"
