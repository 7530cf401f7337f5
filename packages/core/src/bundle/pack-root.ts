import { DrayError } from '../errors.ts';
import { hexOf, type Digest } from '../image/digest.ts';
import { printable } from '../redact.ts';

/** What an entry of a directory is, found out without following links. */
export type EntryKind =
  | 'directory'
  | 'symbolic link'
  | 'regular file'
  | 'block device'
  | 'character device'
  | 'fifo'
  | 'socket'
  | 'mount point'
  | 'unknown entry';

const kindsByLetter: Readonly<Record<string, EntryKind>> = {
  d: 'directory',
  l: 'symbolic link',
  '-': 'regular file',
  b: 'block device',
  c: 'character device',
  p: 'fifo',
  s: 'socket',
  m: 'mount point',
};

/** The kind that a letter stands for: those of `ls -l`, and `m` for a mount point. */
export function entryKind(letter: string): EntryKind {
  return kindsByLetter[letter] ?? 'unknown entry';
}

/** One entry at the top of a pack's file system. */
export interface PackRootEntry {
  /** As it is stored, or made printable: it is compared with names of hex digits only. */
  readonly name: string;
  readonly kind: EntryKind;
}

/** The root of a pack, as somebody has found it. */
export interface PackRoot {
  /** Of the file system image. */
  readonly pack: Digest;
  readonly entries: readonly PackRootEntry[];
  /** The layers that the pack's config lists; undefined where only the file is known. */
  readonly diffIds: readonly Digest[] | undefined;
}

const layerName = /^[a-f0-9]{64}$/;

/**
 * Why the root of a pack cannot be used, or undefined when it can: it holds a real directory for each layer,
 * and nothing else. Anything else was not made by drayage, and a link in place of a layer would show a
 * container the files of its host. Pure.
 */
export function packRootFault({ entries, diffIds }: Omit<PackRoot, 'pack'>): string | undefined {
  const wanted = diffIds === undefined ? undefined : new Set<string>(diffIds.map(hexOf));
  const seen = new Set<string>();
  for (const { name, kind } of entries) {
    const shown = `its entry ${JSON.stringify(printable(name, 100))}`;
    if (kind !== 'directory') return `${shown} is a ${kind}, not the directory of a layer`;
    if (!layerName.test(name)) return `${shown} is a directory that is not named like a layer`;
    if (wanted?.has(name) === false)
      return `${shown} is the directory of a layer that its config does not list`;
    if (seen.has(name)) return `${shown} is there twice`;
    seen.add(name);
  }
  const lacking = [...(wanted ?? [])].find((name) => !seen.has(name));
  return lacking === undefined ? undefined : `it lacks the directory of its layer ${lacking}`;
}

/**
 * Refuses a pack whose root holds anything but the directories of its layers.
 * @throws DrayError `PACK_INVALID` with the entry and its kind
 */
export function checkPackRoot(root: PackRoot): void {
  const reason = packRootFault(root);
  if (reason === undefined) return;
  throw new DrayError('PACK_INVALID', `cannot use pack ${root.pack}: ${reason}`, {
    hint: 'Run "dray prepull --repack", and check who else can write to the bundle.',
    details: { pack: root.pack },
  });
}
