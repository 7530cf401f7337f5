import { randomBytes } from 'node:crypto';
import { DrayError, IntegrityError, hexOf, throwIfAborted, type HelperContainer } from '@drayage/core';
import { readProven, type MountablePack } from '@drayage/core/bundle';
import type { EngineHost } from './engine-host.ts';
import type { PlacedFile } from '../pack-files/placed-file.ts';
import { helperFailed } from './remote-errors.ts';

/** The volume for packs on the engine's side, and how to access it. */
export interface PackVolume {
  readonly helper: Pick<HelperContainer, 'upload'>;
  readonly run: EngineHost['run'];
  /** Path of the volume on the engine's side. */
  readonly path: string;
  /** The engine's address, for messages. */
  readonly location: string;
}

// Longer than the time between another run's placing of a pack and its mount.
const keepMinutes = 60;

// Proving a pack hashes the open file and records its `stat` state from before and after. A file that is
// still in the recorded state is not hashed again. The record includes the boot ID, because data written
// before a reboot may never have reached the disk.
const proofFunctions = `
state() { echo "$(cat /proc/sys/kernel/random/boot_id) $(stat -Lc '%d:%i %s %y %z' /proc/self/fd/8)"; }
prove() {
  exec 8<"$1" || return 1
  [ "$(stat -Lc %s /proc/self/fd/8)" = "$3" ] || { echo "it has another size there" >&2; return 1; }
  before=$(state)
  sum=$(sha256sum <&8)
  [ "\${sum%% *}" = "$2" ] && [ "$(state)" = "$before" ] || { echo "it has other bytes there" >&2; return 1; }
}
`;

const lookFunction = `${proofFunctions}
look() {
  [ -f "$1" ] && [ ! -L "$1" ] && exec 8<"$1" || return 1
  [ "$(stat -Lc %s /proc/self/fd/8)" = "$3" ] || return 1
  if [ "$(cat "$1.proven" 2>/dev/null)" != "$(state)" ]; then
    prove "$@" 2>/dev/null && state >"$1.proven" || return 1
  fi
  touch "$1.proven"
}
there() { echo "there $(stat -Lc %d:%i /proc/self/fd/8)"; }
`;

const lookScript = `${lookFunction}
if look "$1/$2" "$2" "$3"; then there; exit; fi
`;

// Sizes in KiB; the fourth field is the free space.
const freeScript = 'df -Pk "$1" | tail -n 1 | { read -r _ _ _ free _; echo "free $free"; }';

// A pack counts as used when its record is touched; the pack's own times must stay as recorded.
const sweepScript = `
cd "$1" || exit 0
used=$(cat /sys/block/loop*/loop/backing_file /proc/self/mountinfo 2>/dev/null)
find . -maxdepth 1 -type f -mmin +${String(keepMinutes)} | while read -r f; do
  f=\${f#./}
  case "$f" in
    *.partial) ;;
    *) [ -z "$(find "./\${f%%.*}.proven" -mmin -${String(keepMinutes)} 2>/dev/null)" ] || continue ;;
  esac
  case "$used" in *"\${f%%.*}"*) ;; *) rm -f -- "$f" ;; esac
done
`;

// A file gets its name only after its stored bytes were hashed. If another run was faster, its file stays if
// it is good, because that run may be about to mount it.
const settleScript = `${lookFunction}
f=$1/$2
prove "$1/$4" "$2" "$3" || { rm -f "$1/$4"; exit 1; }
arrived=$(stat -Lc '%d:%i %s %y' /proc/self/fd/8)
if ! ln "$1/$4" "$f" 2>/dev/null; then
  if look "$f" "$2" "$3"; then rm -f "$1/$4"; there; exit; fi
  mv -f "$1/$4" "$f" || exit 1
fi
rm -f "$1/$4"
exec 8<"$f"
[ "$(stat -Lc '%d:%i %s %y' /proc/self/fd/8)" = "$arrived" ] || { echo "it was replaced there" >&2; exit 1; }
state >"$f.proven"
there
`;

/**
 * Uploads a pack into the volume unless it is there; see `EngineHost.placePack`. To make room, removes packs
 * that were not used for an hour and are not mounted.
 */
export async function placePack(
  volume: PackVolume,
  pack: MountablePack,
  signal: AbortSignal | undefined,
): Promise<PlacedFile> {
  const { digest, size } = pack.pack.image;
  const hex = hexOf(digest);
  const names = [volume.path, hex, String(size)];
  const seen = await inVolume(volume, `${lookScript}${sweepScript}${freeScript}`, names, signal);
  let identity = identityIn(seen);
  if (identity === undefined) {
    requireRoom(volume, pack, seen);
    const partial = `${hex}.${randomBytes(4).toString('hex')}.partial`;
    await sendPack(volume, pack, partial, signal);
    identity = identityIn(await inVolume(volume, settleScript, [...names, partial], signal));
  }
  if (identity === undefined) throw helperFailed(volume.location, `pack ${hex} did not arrive in the volume`);
  return {
    path: `${volume.path}/${hex}`,
    identity,
    confirm: async () => {
      if (identityIn(await inVolume(volume, lookScript, names, signal)) === identity) return;
      throw new IntegrityError(
        'DIGEST_MISMATCH',
        `cannot mount pack ${hex} on ${volume.location}: its file changed while it was being mounted`,
        { details: { digest } },
      );
    },
    release: () => Promise.resolve(),
  };
}

/** The `DEVICE:INODE` of a file that was proven in the volume. */
function identityIn(said: string): string | undefined {
  return /^there (\d+:\d+)$/m.exec(said)?.[1];
}

/** Removes packs that are not mounted and were not used within the last hour. */
export async function sweepPackVolume(volume: PackVolume, signal?: AbortSignal): Promise<void> {
  await inVolume(volume, sweepScript, [volume.path], signal);
}

function requireRoom({ location, path }: PackVolume, { pack, file }: MountablePack, seen: string): void {
  const free = /free (\d+)/.exec(seen)?.[1];
  if (free === undefined || Number(free) * 1024 >= pack.image.size) return;
  const [wanted, given] = [pack.image.size, Number(free) * 1024].map(
    (bytes) => `${(bytes / 1e6).toFixed(0)} MB`,
  );
  const reason = `it needs ${String(wanted)}, but ${path} has ${String(given)} free`;
  throw new DrayError('DISK_FULL', `cannot send pack ${file} to ${location}: ${reason}`, {
    hint: "Free disk space on the engine's host, for example with docker system prune.",
  });
}

async function sendPack(
  volume: PackVolume,
  { pack, file, proven }: MountablePack,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { size } = pack.image;
  const open = (): Promise<AsyncIterable<Uint8Array>> =>
    Promise.resolve(readProven(file, pack.image, proven));
  try {
    await volume.helper.upload({ name, size, open }, signal);
  } catch (error) {
    await volume.run(['rm', '-f', `${volume.path}/${name}`]).catch(() => undefined);
    throw error;
  }
}

async function inVolume(
  { run, location }: PackVolume,
  script: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  throwIfAborted(signal, `place packs on ${location}`);
  const { exitCode, stdout, stderr } = await run(['sh', '-c', script, 'sh', ...args], { signal });
  if (exitCode === 0) return stdout;
  throw helperFailed(location, `using the pack volume failed (${stderr.trim()})`);
}
