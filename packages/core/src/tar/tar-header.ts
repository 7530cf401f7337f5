const blockBytes = 512;

const typeFlags = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
  /** Extended header for the next entry. @see POSIX.1-2017, pax "pax Extended Header" */
  pax: 'x',
  /** Link name for the next entry, ending with NUL. @see GNU tar manual, "Basic Tar Format" */
  longLink: 'K',
} as const;

export type TarType = keyof typeof typeFlags;

/** The fields of a header block. Strings are bytes (`latin1`). */
export interface TarHeader {
  /** Relative; a directory's path ends with a slash. */
  readonly path: string;
  readonly type: TarType;
  /** Permission bits. */
  readonly mode: number;
  /** Default: root. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Size of the content (bytes). Default: 0. */
  readonly size?: number | undefined;
  /** Seconds since 1970. Default: 0. */
  readonly mtime?: number | undefined;
  readonly linkName?: string | undefined;
  readonly deviceMajor?: number | undefined;
  readonly deviceMinor?: number | undefined;
}

// tar-stream is not used here: it is slower, and mksquashfs and mkfs.erofs must always get the same bytes.
/**
 * The 512 bytes before an entry. Sizes from 8 GiB on are written in GNU's binary form. Pure.
 * @throws RangeError for a path or link name that is too long
 * @see POSIX.1-2017, pax "ustar Interchange Format"; GNU tar manual, "Extensions"
 */
export function tarHeader(header: TarHeader): Buffer {
  const { path, type, mode, uid = 0, gid = 0, size = 0, mtime = 0, linkName = '' } = header;
  const { deviceMajor, deviceMinor } = header;
  const place = splitTarPath(path);
  if (place === undefined) throw tooLong(path);
  if (linkName.length > 100) throw tooLong(linkName);
  const block = newBlock();
  writeText(block, 0, 100, place.name);
  writeText(block, 345, 155, place.prefix);
  writeText(block, 157, 100, linkName);
  writeOctal(block, 100, 8, mode);
  writeOctal(block, 108, 8, uid);
  writeOctal(block, 116, 8, gid);
  writeSize(block, size);
  writeOctal(block, 136, 12, mtime);
  if (deviceMajor !== undefined) writeOctal(block, 329, 8, deviceMajor);
  if (deviceMinor !== undefined) writeOctal(block, 337, 8, deviceMinor);
  block.write(typeFlags[type], 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  writeChecksum(block);
  return block;
}

/** Splits a path at a slash for the header's two fields; undefined when it does not fit. Pure. */
export function splitTarPath(path: string): { readonly prefix: string; readonly name: string } | undefined {
  if (path.length <= 100) return { prefix: '', name: path };
  const slash = path.lastIndexOf('/', 155);
  if (slash <= 0 || path.length - slash - 1 > 100 || slash === path.length - 1) return undefined;
  return { prefix: path.slice(0, slash), name: path.slice(slash + 1) };
}

const zeros = Buffer.alloc(blockBytes);

/** The zeros that pad content of `size` bytes to whole blocks. Pure. */
export function tarPadding(size: number): Buffer {
  return zeros.subarray(0, (blockBytes - (size % blockBytes)) % blockBytes);
}

/** The end-of-archive marker. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * blockBytes);
}

const sheetBlocks = 128;
let sheet = Buffer.alloc(0);

/** A block of zeros. A layer may have 100,000 headers: slicing larger buffers avoids most allocations. */
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

/** Fills all but the field's last byte with octal digits. */
function writeOctal(block: Buffer, offset: number, length: number, value: number): void {
  let rest = value;
  for (let at = offset + length - 2; at >= offset; at -= 1) {
    const next = Math.floor(rest / 8);
    block[at] = digit0 + rest - next * 8;
    rest = next;
  }
}

const maxOctalSize = 0o77777777777;

function writeSize(block: Buffer, size: number): void {
  if (size <= maxOctalSize) {
    writeOctal(block, 124, 12, size);
  } else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
}

/** The sum of all bytes, with the checksum field counted as spaces. */
function writeChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (let at = 0; at < blockBytes; at += 1) sum += block[at] ?? 0;
  writeOctal(block, 148, 7, sum);
  block[154] = 0;
}

function tooLong(text: string): RangeError {
  return new RangeError(`cannot write a tar header: ${text} is too long`);
}
