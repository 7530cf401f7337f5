import { entryKind, type PackRootEntry } from '@drayage/core/bundle';

/** The name that `unsquashfs` prints for the root. */
export const squashfsTop = 'root';

// Such as "lrwxrwxrwx 0/0 1 1970-01-01 00:00 root/NAME -> TARGET"; devices have their numbers instead of a
// size.
const squashfsLine = /^([-bcdlps])\S{9} \S+ .*?\d{4}-\d\d-\d\d \d\d:\d\d root(?:\/(.*))?$/;

/**
 * Parses the output of `unsquashfs -lln -max-depth 1`. A line that is not an entry is part of a name with a
 * newline, which no layer has: it becomes an entry of unknown kind.
 */
export function parseSquashfsRoot(printed: string): readonly PackRootEntry[] {
  const lines = printed.split('\n').filter((line) => line !== '');
  const top = lines.findIndex((line) => squashfsLine.exec(line)?.[1] === 'd');
  return lines.slice(top + 1).map((line) => {
    const [, letter = '', name = line] = squashfsLine.exec(line) ?? [];
    return { name: letter === 'l' ? (name.split(' -> ')[0] ?? '') : name, kind: entryKind(letter) };
  });
}

// Linux, fs/erofs and include/linux/fs_types.h: FT_REG_FILE … FT_SYMLINK.
const erofsTypes = ['?', '-', 'd', 'c', 'b', 'p', 's', 'l'];

/** Parses the output of `dump.erofs --ls`; other lines as in {@link parseSquashfsRoot}. */
export function parseErofsRoot(printed: string): readonly PackRootEntry[] {
  const lines = printed.split('\n');
  const heading = lines.findIndex((line) => /^\s*NID\s+TYPE\s+FILENAME$/.test(line));
  const entries = lines.slice(heading + 1).filter((line) => line !== '');
  return entries
    .map((line) => {
      const [, type = '0', name = line] = /^\s*\d+ +(\d) {2}(.*)$/.exec(line) ?? [];
      return { name, kind: entryKind(erofsTypes[Number(type)] ?? '?') };
    })
    .filter(({ name, kind }) => kind !== 'directory' || (name !== '.' && name !== '..'));
}
