import { basename, dirname } from 'node:path';
import type { EngineHost } from '../engine-host/engine-host.ts';
import { shellCommand } from '@drayage/host';
import { runScript, underLock } from './pack-mounts.ts';

/** Where it is written which mount namespace the packs of a folder are mounted in, and which directory of snapshots they are for. */
const note = '.snapshots';

// An orphan is a folder whose snapshots are gone, or have become those of another containerd: one directory has one containerd at a time.
// That can only be told in the mount namespace of its engine; elsewhere its directories must stay, too, as removing one would unmount what
// is mounted on it there. What still runs on its packs keeps them until it ends.
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
 * Unmounts the packs of engines whose data-root is gone, and notes whose `folder` is, so that it can be told later.
 * @param snapshots where the engine's containerd keeps its snapshots
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
  await runScript(engineHost, underLock(commands), 'clear the packs of engines that are gone', signal);
}
