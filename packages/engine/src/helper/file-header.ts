const blockBytes = 512;

// Eleven octal digits; beyond, the number is binary, with the first bit set.
const largestOctal = 0o77777777777;

/**
 * The tar header of a regular file that belongs to root, with mode 0600. The name has at most 100 bytes.
 * @see POSIX.1-2017, pax "ustar Interchange Format"; GNU tar manual, "Extensions" for sizes from 8 GiB
 */
export function fileHeader(name: string, size: number, mtimeMs: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new RangeError('the name is too long for a tar header');
  const header = Buffer.alloc(blockBytes);
  header.write(name, 0);
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  writeSize(header, size);
  header.write(`${octal(Math.floor(mtimeMs / 1000))}\0`, 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** What follows the bytes of the last file of an archive: zeros up to the block's end, and two blocks of them. */
export function archiveEnd(size: number): Buffer {
  return Buffer.alloc(((blockBytes - (size % blockBytes)) % blockBytes) + 2 * blockBytes);
}

function writeSize(header: Buffer, size: number): void {
  if (size <= largestOctal) {
    header.write(`${octal(size)}\0`, 124);
  } else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
}

function octal(value: number): string {
  return value.toString(8).padStart(11, '0');
}
