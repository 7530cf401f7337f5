import { randomBytes } from 'node:crypto';
import { DrayError, hexOf, readProven, throwIfAborted } from '@drayage/core';
import type { HelperContainer, MountablePack } from '@drayage/core';
import type { EngineHost } from './engine-host.ts';
import { helperFailed } from './remote-errors.ts';

/** The volume for packs on the engine's side, and the ways to it. */
export interface PackVolume {
  readonly helper: Pick<HelperContainer, 'upload'>;
  readonly run: EngineHost['run'];
  /** Path of the volume on the engine's side. */
  readonly path: string;
  /** Of the engine, for messages. */
  readonly location: string;
}

// What another run has just placed, and is about to mount, is younger.
const keepMinutes = 60;

// A pack is known by its name. That its bytes are the same is certain while the machine runs on which they were written; what was written
// before it last started may never have come to the disk, and is hashed again once.
const lookScript = `
f=$1/$2
boot=$(cat /proc/sys/kernel/random/boot_id)
if [ -f "$f" ] && [ "$(stat -c %s "$f")" = "$3" ]; then
  if [ "$(cat "$f.boot" 2>/dev/null)" != "$boot" ]; then
    sum=$(sha256sum <"$f") && [ "\${sum%% *}" = "$2" ] && echo "$boot" >"$f.boot"
  fi && touch "$f" "$f.boot" && echo there && exit
fi
`;

// Sizes in KiB; the fourth field is what is free.
const freeScript = 'df -Pk "$1" | tail -n 1 | { read -r _ _ _ free _; echo "free $free"; }';

const sweepScript = `
cd "$1" || exit 0
used=$(cat /sys/block/loop*/loop/backing_file /proc/self/mountinfo 2>/dev/null)
find . -maxdepth 1 -type f -mmin +${String(keepMinutes)} | while read -r f; do
  f=\${f#./}
  case "$used" in *"\${f%%.*}"*) ;; *) rm -f -- "$f" ;; esac
done
`;

const settleScript = `
f=$1/$2
[ "$(stat -c %s "$1/$4")" = "$3" ] || { echo "it has another size there" >&2; exit 1; }
mv -f "$1/$4" "$f" && touch "$f" && cat /proc/sys/kernel/random/boot_id >"$f.boot"
`;

/** Brings a pack into the volume; see `EngineHost.placePack`. To make room, packs that nobody has mounted for an hour are removed. */
export async function placePack(
  volume: PackVolume,
  pack: MountablePack,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { digest, size } = pack.pack.image;
  const hex = hexOf(digest);
  const names = [volume.path, hex, String(size)];
  const script = `${lookScript}${sweepScript}${freeScript}`;
  const seen = await inVolume(volume, script, names, signal);
  if (seen.trim() !== 'there') {
    requireRoom(volume, pack, seen);
    const partial = `${hex}.${randomBytes(4).toString('hex')}.partial`;
    await sendPack(volume, pack, partial, signal);
    await inVolume(volume, settleScript, [...names, partial], signal);
  }
  return `${volume.path}/${hex}`;
}

/** Removes what nobody has mounted, and nobody has placed within the last hour. */
export async function sweepPackVolume(volume: PackVolume, signal?: AbortSignal): Promise<void> {
  await inVolume(volume, sweepScript, [volume.path], signal);
}

function requireRoom({ location, path }: PackVolume, { pack, file }: MountablePack, seen: string): void {
  const free = /free (\d+)/.exec(seen)?.[1];
  if (free === undefined || Number(free) * 1024 >= pack.image.size) return;
  const [wanted, given] = [pack.image.size, Number(free) * 1024].map(
    (bytes) => `${(bytes / 1e6).toFixed(0)} MB`,
  );
  const reason = `it has ${String(wanted)}, and ${String(given)} are free in ${path}`;
  throw new DrayError('DISK_FULL', `cannot send pack ${file} to ${location}: ${reason}`, {
    hint: "Make room on the engine's side, such as with docker system prune.",
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
  throw helperFailed(location, `the volume for packs cannot be used (${stderr.trim()})`);
}
