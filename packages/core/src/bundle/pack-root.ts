import { DrayError } from '../errors.ts';
import { hexOf, type Digest } from '../image/digest.ts';
import { printable } from '../redact.ts';

/** The kind of a directory entry; links are not followed. */
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

/** Maps the letters of `ls -l`, and `m` for a mount point. */
export function entryKind(letter: string): EntryKind {
  return kindsByLetter[letter] ?? 'unknown entry';
}

/** One entry at the top of a pack's file system. */
export interface PackRootEntry {
  /** The stored name, or a printable form of it: it is only compared with hex digits. */
  readonly name: string;
  readonly kind: EntryKind;
}

/** A listing of a pack's root. */
export interface PackRoot {
  /** The digest of the file system image. */
  readonly pack: Digest;
  readonly entries: readonly PackRootEntry[];
  /** The layers in the pack's config; undefined when only the file is known. */
  readonly diffIds: readonly Digest[] | undefined;
}

const layerName = /^[a-f0-9]{64}$/;

/**
 * Why the root of a pack cannot be used, or undefined when it can. It must hold a real directory for each
 * layer and nothing else. drayage makes nothing else, and a link in place of a layer would show a container
 * the files of its host. Pure.
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
    if (seen.has(name)) return `${shown} occurs twice`;
    seen.add(name);
  }
  const lacking = [...(wanted ?? [])].find((name) => !seen.has(name));
  return lacking === undefined ? undefined : `it lacks the directory of its layer ${lacking}`;
}

/**
 * Refuses a pack whose root holds anything but its layers' directories.
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
