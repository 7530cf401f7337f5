import type { Stats } from 'node:fs';
import { lstat, readFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PathAccess, WriteFacts } from './write-access.ts';

export interface WriteAccessQuery {
  /** An absolute path without symbolic links. */
  readonly file: string;
  readonly sudoUid: number | undefined;
  readonly isInodeCompared: boolean;
  /** The file if it is open; its name may now belong to another file. */
  readonly handle?: FileHandle | undefined;
}

/** Reads which users can change a file. */
export async function readWriteFacts(query: WriteAccessQuery): Promise<WriteFacts> {
  const { file, sudoUid, isInodeCompared, handle } = query;
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) return { uid, sudoUid, trustedGroups: new Set(), isInodeCompared, paths: [] };
  const paths = [accessOf(file, await (handle?.stat() ?? lstat(file)))];
  for (let path = file; path !== dirname(path); path = dirname(path)) {
    paths.push(accessOf(dirname(path), await lstat(dirname(path))));
  }
  const [passwd, group] = await Promise.all([readDatabase('/etc/passwd'), readDatabase('/etc/group')]);
  const trustedUids = new Set(sudoUid === undefined ? [0] : [0, sudoUid]);
  const trustedGroups = findTrustedGroups(passwd, group, trustedUids);
  return { uid, sudoUid, trustedGroups, isInodeCompared, paths };
}

function accessOf(path: string, { uid, gid, mode }: Stats): PathAccess {
  return { path, uid, gid, mode: mode & 0o777, isSticky: (mode & 0o1000) !== 0 };
}

/**
 * The groups whose members are all in `trusted`, according to /etc/group and /etc/passwd. Unlisted groups are
 * not trusted. Pure.
 */
export function findTrustedGroups(
  passwd: string,
  group: string,
  trusted: ReadonlySet<number>,
): ReadonlySet<number> {
  const users = lines(passwd).map(([name = '', , uid, gid]) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
  }));
  const uidOf = new Map(users.map(({ name, uid }) => [name, uid]));
  const found = new Set<number>();
  for (const [, , id = '', names = ''] of lines(group)) {
    const gid = Number(id);
    const listed = names.split(',').flatMap((name) => (name === '' ? [] : [uidOf.get(name)]));
    const primary = users.filter((user) => user.gid === gid).map(({ uid }) => uid);
    if ([...listed, ...primary].every((uid) => uid !== undefined && trusted.has(uid))) found.add(gid);
  }
  return found;
}

function lines(text: string): string[][] {
  const full = text.split('\n').map((line) => line.trim());
  return full.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(':'));
}

async function readDatabase(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}
