import { MalformedTar } from './malformed.ts';

/** Size of the blocks of a tar (bytes). */
export const blockBytes = 512;

/** Variants of the header block; they differ after the link name. */
export type HeaderFormat = 'v7' | 'ustar' | 'star' | 'gnu';

/** The fields of a header block, before extensions. Strings are bytes (`latin1`). */
export interface HeaderBlock {
  readonly format: HeaderFormat;
  readonly typeFlag: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/**
 * Parses a header block like Go's `archive/tar`, with which engines read layers.
 * @throws MalformedTar for a wrong checksum or an invalid number
 * @see POSIX.1-2017, pax, "ustar Interchange Format"
 */
export function parseHeaderBlock(block: Buffer): HeaderBlock {
  checkSum(block);
  const format = formatOf(block);
  const hasDevice = format !== 'v7';
  return {
    format,
    typeFlag: block.toString('latin1', 156, 157),
    name: fullName(block, format),
    linkName: textField(block, 157, 100),
    mode: numberField(block, 100, 8),
    uid: numberField(block, 108, 8),
    gid: numberField(block, 116, 8),
    size: numberField(block, 124, 12),
    mtime: numberField(block, 136, 12),
    deviceMajor: hasDevice ? numberField(block, 329, 8) : 0,
    deviceMinor: hasDevice ? numberField(block, 337, 8) : 0,
  };
}

/** The bytes of a field up to the first NUL. */
export function textField(block: Buffer, offset: number, length: number): string {
  const limit = offset + length;
  let end = offset;
  while (end < limit && block[end] !== 0) end += 1;
  return end === offset ? '' : block.toString('latin1', offset, end);
}

const [nul, space, digit0, digit7] = [0, 0x20, 0x30, 0x37];

/** A number in octal digits between spaces and NULs, or in GNU's base-256 form. @throws MalformedTar */
export function numberField(block: Buffer, offset: number, length: number): number {
  if (((block[offset] ?? 0) & 0x80) !== 0) return base256(block.subarray(offset, offset + length));
  const isBlank = (at: number): boolean => block[at] === space || block[at] === nul;
  let at = offset;
  let end = offset + length;
  while (at < end && isBlank(at)) at += 1;
  while (at < end && isBlank(end - 1)) end -= 1;
  let value = 0;
  for (; at < end && block[at] !== nul; at += 1) {
    const byte = block[at] ?? 0;
    if (byte < digit0 || byte > digit7) throw new MalformedTar('a header field is not a number');
    value = value * 8 + byte - digit0;
  }
  return safe(value);
}

function base256(bytes: Buffer): number {
  const isNegative = ((bytes[0] ?? 0) & 0x40) !== 0;
  let value = 0;
  bytes.forEach((byte, position) => {
    const plain = (isNegative ? byte ^ 0xff : byte) & (position === 0 ? 0x7f : 0xff);
    value = value * 256 + plain;
  });
  return safe(isNegative ? -value - 1 : value);
}

function safe(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new MalformedTar('a number in a header is too large');
}

function checkSum(block: Buffer): void {
  // The checksum field itself counts as spaces.
  let unsigned = 8 * space;
  let large = 0;
  for (let at = 0; at < blockBytes; at += 1) {
    if (at === 148) at = 156;
    const byte = block[at] ?? 0;
    unsigned += byte;
    large += byte >> 7;
  }
  const stated = numberField(block, 148, 8);
  // Some old programs summed signed bytes.
  if (stated !== unsigned && stated !== unsigned - 0x100 * large) {
    throw new MalformedTar('a header has a wrong checksum');
  }
}

function formatOf(block: Buffer): HeaderFormat {
  const magic = block.toString('latin1', 257, 265);
  if (magic.startsWith('ustar\0')) return block.toString('latin1', 508, 512) === 'tar\0' ? 'star' : 'ustar';
  return magic === 'ustar  \0' ? 'gnu' : 'v7';
}

const prefixLengths = { v7: 0, ustar: 155, star: 131, gnu: 0 } as const;

function fullName(block: Buffer, format: HeaderFormat): string {
  const name = textField(block, 0, 100);
  const prefix = format === 'gnu' ? misplacedPrefix(block) : textField(block, 345, prefixLengths[format]);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Go before 1.8 wrote a prefix where the GNU format has two times. */
function misplacedPrefix(block: Buffer): string {
  try {
    for (const offset of [345, 357]) if (block[offset] !== 0) numberField(block, offset, 12);
    return '';
  } catch {
    const prefix = textField(block, 345, 155);
    return /^[\x01-\x7f]*$/.test(prefix) ? prefix : '';
  }
}
