import { isDrayError, type Digest, type DrayError } from '@drayage/core';
import { checkPackRoot, entryKind, type PackRootEntry } from '@drayage/core/bundle';
import { packMountPoint, type PlacedPack } from './pack-folder.ts';

/**
 * Defines `roots`, which prints the entries of a mounted pack's root: one line for the pack, then one for
 * each entry with its kind and name. The kind comes from the inode, not from the directory, which may lie,
 * and no link is followed. Names that no layer has are made harmless.
 */
export const listRoots = `
roots() {
  echo "root $1"
  grep -q " $1 " /proc/self/mountinfo || echo '? not-mounted'
  grep -q " $1/" /proc/self/mountinfo && echo 'm mounted-inside'
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -L "$entry" ]; then kind=l
    elif [ -d "$entry" ]; then kind=d
    elif [ -f "$entry" ]; then kind=-
    elif [ -b "$entry" ]; then kind=b
    elif [ -c "$entry" ]; then kind=c
    elif [ -p "$entry" ]; then kind=p
    elif [ -S "$entry" ]; then kind=s
    elif [ -e "$entry" ]; then kind='?'
    else continue
    fi
    name=\${entry##*/}
    case $name in *[!0123456789abcdef]*) name=$(printf %s "$name" | tr -c 'A-Za-z0-9._-' '?') ;; esac
    echo "$kind $name"
  done
}`;

/** What `roots` has printed, by the place of each pack. */
export function parseRoots(printed: string): ReadonlyMap<string, readonly PackRootEntry[]> {
  const roots = new Map<string, PackRootEntry[]>();
  let entries: PackRootEntry[] = [];
  for (const line of printed.split('\n')) {
    const [, kind = '', name = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'root') roots.set(name, (entries = []));
    else if (kind !== '') entries.push({ name, kind: entryKind(kind) });
  }
  return roots;
}

/** A pack that must not be used, and why: `PACK_INVALID`. */
export interface RefusedPack {
  readonly digest: Digest;
  readonly error: DrayError;
}

/** Judges the packs whose roots `roots` has printed. Pure. */
export function findRefusedPacks(
  folder: string,
  packs: readonly Pick<PlacedPack, 'digest' | 'diffIds'>[],
  printed: string,
): readonly RefusedPack[] {
  const roots = parseRoots(printed);
  return packs.flatMap(({ digest, diffIds }) => {
    const entries = roots.get(packMountPoint(folder, digest)) ?? [];
    try {
      checkPackRoot({ pack: digest, entries, diffIds });
      return [];
    } catch (error) {
      if (!isDrayError(error, 'PACK_INVALID')) throw error;
      return [{ digest, error }];
    }
  });
}
