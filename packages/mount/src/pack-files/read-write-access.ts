import { lstat, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PathAccess, WriteFacts } from './write-access.ts';

/**
 * Reads who can change a file.
 * @param file absolute, and without links
 */
export async function readWriteFacts(file: string, sudoUid: number | undefined): Promise<WriteFacts> {
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) return { uid, sudoUid, trustedGroups: new Set(), paths: [] };
  const paths: PathAccess[] = [];
  for (let path = file; ; path = dirname(path)) {
    const { uid: owner, gid, mode } = await lstat(path);
    paths.push({ path, uid: owner, gid, mode: mode & 0o777, isSticky: (mode & 0o1000) !== 0 });
    if (path === dirname(path)) break;
  }
  const [passwd, group] = await Promise.all([readDatabase('/etc/passwd'), readDatabase('/etc/group')]);
  const trustedUids = new Set(sudoUid === undefined ? [0] : [0, sudoUid]);
  return { uid, sudoUid, trustedGroups: findTrustedGroups(passwd, group, trustedUids), paths };
}

/** The groups of an /etc/group whose members, by it and by /etc/passwd, are all in `trusted`. A group that is not listed is not trusted. Pure. */
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
