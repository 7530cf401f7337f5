import { blockBytes } from '../tar/header-block.ts';
import type { TarTime } from '../tar/tar-entry.ts';

/** What goes into a pack. Strings are bytes (`latin1`), paths are whole ones. */
export interface PackEntry {
  readonly path: string;
  readonly type: keyof typeof typeFlags;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: TarTime;
  readonly size: number;
  readonly linkName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<string, Buffer>;
}

const typeFlags = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
} as const;

const maxOctal7 = 0o7777777;
const maxOctal11 = 0o77777777777;

/** The header of an entry for the program that writes the pack: ustar, with extensions before it where that is too small. */
export function formatHeader(entry: PackEntry): Buffer {
  const place = splitPath(entry.path);
  const records = paxRecords(entry, place !== undefined);
  const block = newBlock();
  writeText(block, 0, 100, place?.name ?? entry.path);
  writeText(block, 345, 155, place?.prefix ?? '');
  writeText(block, 157, 100, entry.linkName);
  writeOctal(block, 100, 8, entry.mode);
  writeOctal(block, 108, 8, Math.min(entry.uid, maxOctal7));
  writeOctal(block, 116, 8, Math.min(entry.gid, maxOctal7));
  writeOctal(block, 124, 12, Math.min(entry.size, maxOctal11));
  writeOctal(block, 136, 12, entry.mtime.seconds);
  writeOctal(block, 329, 8, entry.deviceMajor);
  writeOctal(block, 337, 8, entry.deviceMinor);
  finish(block, typeFlags[entry.type]);
  const longLink = entry.linkName.length > 100 ? Buffer.from(`${entry.linkName}\0`, 'latin1') : undefined;
  if (records.length === 0 && longLink === undefined) return block;
  return Buffer.concat([
    // A PAX record would do, were it not that mksquashfs 4.5 takes `../` and `/` off the beginning of it.
    ...(longLink === undefined ? [] : extension('K', longLink)),
    ...(records.length === 0 ? [] : extension('x', Buffer.concat(records))),
    block,
  ]);
}

/** Zeros that fill the last block of `size` bytes. */
export function padding(size: number): Buffer {
  return zeros.subarray(0, (blockBytes - (size % blockBytes)) % blockBytes);
}

/** What ends the tar. */
export function endOfTar(): Buffer {
  return Buffer.alloc(2 * blockBytes);
}

const zeros = Buffer.alloc(blockBytes);

function splitPath(path: string): { readonly prefix: string; readonly name: string } | undefined {
  if (path.length <= 100) return { prefix: '', name: path };
  const slash = path.lastIndexOf('/', 155);
  if (slash <= 0 || path.length - slash - 1 > 100 || slash === path.length - 1) return undefined;
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) };
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
  // Its own digits count too, and may make it a digit longer.
  length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${String(length)} ${key}=`, 'latin1'), value, Buffer.from('\n')]);
}

function extension(typeFlag: 'K' | 'x', data: Buffer): readonly Buffer[] {
  const block = newBlock();
  writeText(block, 0, 100, 'extension');
  writeOctal(block, 100, 8, 0);
  writeOctal(block, 108, 8, 0);
  writeOctal(block, 116, 8, 0);
  writeOctal(block, 124, 12, data.length);
  writeOctal(block, 136, 12, 0);
  finish(block, typeFlag);
  return [block, data, padding(data.length)];
}

const sheetBlocks = 128;
let sheet = Buffer.alloc(0);

/** Zeros; blocks are cut out of larger buffers, which spares most of what a buffer costs. */
function newBlock(): Buffer {
  if (sheet.length === 0) sheet = Buffer.alloc(sheetBlocks * blockBytes);
  const block = sheet.subarray(0, blockBytes);
  sheet = sheet.subarray(blockBytes);
  return block;
}

function writeText(block: Buffer, offset: number, length: number, text: string): void {
  if (text !== '') block.write(text, offset, length, 'latin1');
}

const digit0 = 0x30;

/** Octal digits that fill the field but for its last byte. */
function writeOctal(block: Buffer, offset: number, length: number, value: number): void {
  let rest = value;
  for (let at = offset + length - 2; at >= offset; at -= 1) {
    const next = Math.floor(rest / 8);
    block[at] = digit0 + rest - next * 8;
    rest = next;
  }
}

function finish(block: Buffer, typeFlag: string): void {
  block.write(typeFlag, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (let at = 0; at < blockBytes; at += 1) sum += block[at] ?? 0;
  writeOctal(block, 148, 7, sum);
  block[154] = 0;
}
