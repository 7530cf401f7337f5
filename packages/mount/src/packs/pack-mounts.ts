import { DrayError, type Digest } from '@drayage/core';
import { sameFileFunction } from '../pack-files/same-file.ts';
import type { EngineHost } from '../engine-host/engine-host.ts';
import { shellCommand } from '@drayage/host';
import { mountedPacks, packMountPoint, type PlacedPack } from './pack-folder.ts';
import { findRefusedPacks, listRoots } from './pack-roots.ts';

/**
 * Mount options for packs. `nodev`: the author of a pack chose its device nodes, and on the host they must
 * open nothing. Containers see them through an overlay, which has its own mount options; there the device
 * cgroup decides, as for any image. Whiteouts are device nodes that are never opened. Not `nosuid`: a bind
 * mount of a tree would inherit it, and images contain setuid programs.
 */
export const packOptions = 'ro,nodev';

/**
 * Shell functions for scripts; they use only features common to BusyBox and util-linux. `drop` also undoes
 * duplicate mounts by concurrent runs.
 */
const shellFunctions = `${sameFileFunction}
mounted() { grep -q " $1 " /proc/self/mountinfo; }
nodes() {
  # A container's /dev has only the loop devices that existed when the container started.
  for device in /sys/block/loop*; do
    node=/dev/\${device##*/}
    [ -e "$node" ] || mknod "$node" b $(tr : ' ' <"$device/dev")
  done
}
attach() { mount -t "$1" -o "loop,${packOptions}" "$2" "$3"; }
pack() {
  rm -f "$3.idle"
  mounted "$3" && return
  mkdir -p "$3"
  attach "$@" 2>/dev/null || { nodes; attach "$@"; } || { rmdir "$3"; tidy "\${3%/*}"; exit 1; }
  same_file "$3" "$2" "$4" || { umount "$3"; rmdir "$3"; tidy "\${3%/*}"; exit 1; }
  echo "$3"
}
undo() { umount "$1" && rmdir "$1"; }
drop() {
  [ -e "$1.idle" ] || return
  while mounted "$1"; do umount "$1" || umount -l "$1" || exit 1; done
  rmdir "$1"
  rm -f "$1.idle"
}
tidy() {
  set -- "$1" "$1"/*
  [ -e "$2" ] || rm -rf "$1"
}`;

/** A script that holds drayage's lock, so that no other run mounts or unmounts meanwhile. */
export function underLock(commands: readonly string[]): string {
  return [
    'umask 077; { [ -d /run/drayage ] || mkdir -p /run/drayage; } && exec 9>/run/drayage/live.lock || exit 1',
    'if command -v flock >/dev/null; then flock 9 || exit 1; fi',
    shellFunctions,
    ...commands,
    'exit 0',
  ].join('\n');
}

/**
 * Mounts packs that are not mounted yet, read-only, with one loop device each, which the kernel frees at
 * unmount. Unmounts a pack again if its file was replaced or changed meanwhile, or if it contains anything
 * but the trees of its layers (then even if another run mounted it).
 * @throws DrayError `MOUNT_FAILED`, `DIGEST_MISMATCH`, `PACK_INVALID`; errors of a pack's `confirm`
 */
export async function mountPacks(
  engineHost: EngineHost,
  folder: string,
  packs: readonly PlacedPack[],
  signal?: AbortSignal,
): Promise<void> {
  if (packs.length === 0) return;
  const commands = packs.map(({ digest, filesystem, path, identity }) =>
    shellCommand(['pack', filesystem, path, packMountPoint(folder, digest), identity]),
  );
  const points = packs.map(({ digest }) => shellCommand(['roots', packMountPoint(folder, digest)]));
  const script = underLock([...commands, listRoots, ...points]);
  const said = await runScript(engineHost, script, 'mount the packs', signal);
  await confirmMounted(engineHost, folder, packs, new Set(said.split('\n')));
  const refused = findRefusedPacks(folder, packs, said);
  const [first] = refused;
  if (first === undefined) return;
  const digests = refused.map(({ digest }) => digest);
  await markIdle(engineHost, folder, digests);
  await unmountIdle(engineHost, folder, digests);
  throw first.error;
}

/** If a file changed while it was being mounted, unmounts the packs that this run mounted. */
async function confirmMounted(
  engineHost: EngineHost,
  folder: string,
  packs: readonly PlacedPack[],
  printed: ReadonlySet<string>,
): Promise<void> {
  const mounted = packs.filter(({ digest }) => printed.has(packMountPoint(folder, digest)));
  try {
    for (const pack of mounted) await pack.confirm();
  } catch (error) {
    const undoing = mounted.map(({ digest }) => shellCommand(['undo', packMountPoint(folder, digest)]));
    await runScript(
      engineHost,
      underLock([...undoing, shellCommand(['tidy', folder])]),
      'unmount the changed packs',
    );
    throw error;
  }
}

/** The packs that are mounted in a folder. @throws DrayError `MOUNT_FAILED` */
export async function listMountedPacks(
  engineHost: EngineHost,
  folder: string,
  signal?: AbortSignal,
): Promise<ReadonlySet<Digest>> {
  const found = await runScript(engineHost, 'cat /proc/self/mountinfo', 'list the mounted packs', signal);
  return mountedPacks(folder, found);
}

/**
 * Marks packs as idle until a run mounts them again. To unmount packs, mark them, check that they are unused,
 * then unmount those that still have the mark. A run that starts to use a pack meanwhile removes the mark and
 * so keeps the pack.
 */
export async function markIdle(
  engineHost: EngineHost,
  folder: string,
  packs: Iterable<Digest>,
): Promise<void> {
  const files = [...packs].map((digest) => `${packMountPoint(folder, digest)}.idle`);
  await runScript(engineHost, underLock([shellCommand(['touch', ...files])]), 'mark the idle packs');
}

/**
 * Unmounts the packs that are still marked. Containers that run on a pack keep it until they end.
 * @throws DrayError `MOUNT_FAILED`
 */
export async function unmountIdle(
  engineHost: EngineHost,
  folder: string,
  packs: Iterable<Digest>,
): Promise<void> {
  const commands = [...packs].map((digest) => shellCommand(['drop', packMountPoint(folder, digest)]));
  const tidy = shellCommand(['tidy', folder]);
  await runScript(engineHost, underLock([...commands, tidy]), 'unmount the idle packs');
}

/** Runs a shell script on the engine's side. @throws DrayError `MOUNT_FAILED` with its error output */
export async function runScript(
  engineHost: EngineHost,
  script: string,
  what: string,
  signal?: AbortSignal,
): Promise<string> {
  const { exitCode, stdout, stderr } = await engineHost.run(['sh', '-c', script], { signal });
  if (exitCode === 0) return stdout;
  const said = stderr.trim().split('\n').slice(-3).join('; ');
  throw new DrayError(
    'MOUNT_FAILED',
    `cannot ${what}: ${said === '' ? `exit code ${String(exitCode)}` : said}`,
    {
      hint: 'Use --delivery load, which needs no mounts.',
    },
  );
}
