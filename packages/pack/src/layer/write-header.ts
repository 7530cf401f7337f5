import { splitTarPath, tarHeader, tarPadding, type TarType } from '@drayage/core/bundle';
import type { FileFacts } from '../tar/tar-entry.ts';

/** An entry of a pack. Strings are bytes (`latin1`). */
export interface PackEntry extends FileFacts {
  readonly path: string;
  readonly type: Exclude<TarType, 'pax' | 'longLink'>;
}

const maxOctal7 = 0o7777777;
const maxOctal11 = 0o77777777777;

/**
 * Formats the header of an entry for the program that writes the pack: ustar, with extensions before it if
 * needed.
 */
export function formatHeader(entry: PackEntry): Buffer {
  const { path, linkName, type, mode, mtime, deviceMajor, deviceMinor } = entry;
  const fits = splitTarPath(path) !== undefined;
  const records = paxRecords(entry, fits);
  const block = tarHeader({
    // Extensions contain the values that are too long or too large here.
    path: fits ? path : path.slice(0, 100),
    linkName: linkName.slice(0, 100),
    uid: Math.min(entry.uid, maxOctal7),
    gid: Math.min(entry.gid, maxOctal7),
    size: Math.min(entry.size, maxOctal11),
    mtime: mtime.seconds,
    ...{ type, mode, deviceMajor, deviceMinor },
  });
  const longLink = linkName.length > 100 ? Buffer.from(`${linkName}\0`, 'latin1') : undefined;
  if (records.length === 0 && longLink === undefined) return block;
  return Buffer.concat([
    // Not a PAX record: mksquashfs 4.5 strips leading `../` and `/` from those.
    ...(longLink === undefined ? [] : extension('longLink', longLink)),
    ...(records.length === 0 ? [] : extension('pax', Buffer.concat(records))),
    block,
  ]);
}

function paxRecords(entry: PackEntry, pathFits: boolean): readonly Buffer[] {
  const { path, uid, gid, size, mtime, xattrs } = entry;
  const texts: [string, string][] = [];
  if (!pathFits) texts.push(['path', path]);
  if (uid > maxOctal7) texts.push(['uid', String(uid)]);
  if (gid > maxOctal7) texts.push(['gid', String(gid)]);
  if (size > maxOctal11) texts.push(['size', String(size)]);
  if (mtime.nanoseconds > 0) {
    texts.push(['mtime', `${String(mtime.seconds)}.${String(mtime.nanoseconds).padStart(9, '0')}`]);
  }
  const names = [...xattrs.keys()].sort();
  return [
    ...texts.map(([key, value]) => paxRecord(key, Buffer.from(value, 'latin1'))),
    ...names.map((name) => paxRecord(`SCHILY.xattr.${name}`, xattrs.get(name) ?? Buffer.alloc(0))),
  ];
}

function paxRecord(key: string, value: Buffer): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  // The length includes its own digits, which may add one.
  length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${String(length)} ${key}=`, 'latin1'), value, Buffer.from('\n')]);
}

function extension(type: 'longLink' | 'pax', data: Buffer): readonly Buffer[] {
  const header = tarHeader({ path: 'extension', type, mode: 0, size: data.length });
  return [header, data, tarPadding(data.length)];
}
