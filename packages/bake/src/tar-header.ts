const blockSize = 512;

/** What a header of a tar says. */
export interface TarHeader {
  /** Relative; a directory's ends with a slash. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link';
  /** Permission bits. */
  readonly mode: number;
  /** Of the content, in bytes. */
  readonly size?: number | undefined;
  /** Of a symbolic link. */
  readonly target?: string | undefined;
}

const typeFlags = { file: '0', link: '2', directory: '5' } as const;

/**
 * The 512 bytes before an entry, owned by root at time 0. Pure.
 * @throws RangeError for a path or target that has no place in it
 * @see POSIX.1-2024, pax, "ustar Interchange Format"
 */
export function tarHeader({ path, type, mode, size = 0, target = '' }: TarHeader): Uint8Array {
  const block = Buffer.alloc(blockSize);
  const { name, prefix } = splitPath(path);
  writeText(block, 0, 100, name);
  writeOctal(block, 100, 8, mode);
  writeOctal(block, 108, 8, 0);
  writeOctal(block, 116, 8, 0);
  writeOctal(block, 124, 12, size);
  writeOctal(block, 136, 12, 0);
  block.fill(' ', 148, 156);
  block.write(typeFlags[type], 156);
  writeText(block, 157, 100, target);
  block.write('ustar\u000000', 257);
  writeText(block, 345, 155, prefix);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** The zeros that follow a content of `size` bytes. Pure. */
export function tarPadding(size: number): Uint8Array {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** The end of a tar. */
export function tarEnd(): Uint8Array {
  return Buffer.alloc(2 * blockSize);
}

/** A path over 100 bytes is split at a slash. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  const slash = path.indexOf('/', Buffer.byteLength(path) - 101);
  return { name: path.slice(slash + 1), prefix: path.slice(0, Math.max(slash, 0)) };
}

function writeText(block: Buffer, offset: number, length: number, text: string): void {
  if (Buffer.byteLength(text) > length)
    throw new RangeError(`cannot write a tar header: ${text} is too long`);
  block.write(text, offset);
}

function writeOctal(block: Buffer, offset: number, length: number, value: number): void {
  const digits = value.toString(8).padStart(length - 1, '0');
  if (digits.length >= length) throw new RangeError(`cannot write a tar header: ${value} is too large`);
  block.write(digits, offset);
}
