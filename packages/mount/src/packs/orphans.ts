import { basename, dirname } from 'node:path';
import type { EngineHost } from '../engine-host/engine-host.ts';
import { shellCommand } from '@drayage/host';
import { runScript, underLock } from './pack-mounts.ts';

/**
 * A file in a folder of packs. It records the mount namespace of their mounts and the snapshot directory that
 * they serve.
 */
const note = '.snapshots';

// An orphan is a folder whose snapshot directory is gone or now belongs to another containerd (a directory
// has one containerd at a time). Only the engine's own mount namespace shows this. Elsewhere the directories
// stay, because removing one would unmount what is mounted on it there. Containers that still run on an
// orphan's packs keep them until they end.
const script = `
namespace=$(readlink /proc/self/ns/mnt)
clear_orphans() {
  for folder in "$1"/*/; do
    folder=\${folder%/}
    [ "$folder" != "$1/$2" ] && [ -f "$folder/${note}" ] || continue
    read -r home snapshots <"$folder/${note}"
    [ "$home" = "$namespace" ] || continue
    [ -d "$snapshots" ] && [ "$snapshots" != "$3" ] && continue
    for pack in "$folder"/*/; do
      pack=\${pack%/}
      [ -d "$pack" ] || continue
      while mounted "$pack"; do umount "$pack" 2>/dev/null || continue 3; done
      rm -f "$pack.idle"
      rmdir "$pack"
    done
    rm -f "$folder/${note}"
    rmdir "$folder" 2>/dev/null
  done
}
keep_note() { echo "$namespace $3" >"$1/$2/${note}"; }`;

/**
 * Unmounts the packs of engines whose data-root is gone, and records which snapshot directory `folder`
 * serves, for later runs.
 * @param snapshots the snapshot directory of the engine's containerd
 * @throws DrayError `MOUNT_FAILED`
 */
export async function clearOrphans(
  engineHost: EngineHost,
  folder: string,
  snapshots: string,
  signal?: AbortSignal,
): Promise<void> {
  const names = [dirname(folder), basename(folder), snapshots];
  const commands = [script, shellCommand(['keep_note', ...names]), shellCommand(['clear_orphans', ...names])];
  await runScript(engineHost, underLock(commands), 'unmount the packs of removed engines', signal);
}
