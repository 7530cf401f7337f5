import { isDrayError, type Digest, type DrayError } from '@drayage/core';
import { checkPackRoot, entryKind, type PackRootEntry } from '@drayage/core/bundle';
import { packMountPoint, type PlacedPack } from './pack-folder.ts';

/**
 * Shell function `roots`, which prints the root entries of a mounted pack: one line for the pack, then one
 * per entry with kind and name. The kind comes from the inode, because the type in a directory may be wrong;
 * links are not followed. Unsafe characters in names are replaced; names of layers have none.
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

/** Parses the output of `roots`, by mount point. */
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

/** A pack that must not be used, with the reason: `PACK_INVALID`. */
export interface RefusedPack {
  readonly digest: Digest;
  readonly error: DrayError;
}

/** Checks the packs whose roots `roots` printed. Pure. */
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
