/** An entry of a layer's tar. */
export type TarEntry =
  | { readonly type: 'directory'; readonly path: string; readonly mode?: number | undefined }
  | {
      readonly type: 'file';
      readonly path: string;
      readonly bytes: Uint8Array;
      readonly mode?: number | undefined;
    }
  | LinkEntry;

interface LinkEntry {
  readonly type: 'symlink' | 'hardlink';
  readonly path: string;
  readonly target: string;
}

const blockBytes = 512;
const typeFlags = { directory: '5', file: '0', symlink: '2', hardlink: '1' } as const;

/**
 * A ustar archive of `entries`, in order; the same entries give the same bytes. Paths may have up to 100
 * bytes. @see POSIX.1-1988
 */
export function createTar(entries: readonly TarEntry[]): Uint8Array {
  const parts = entries.flatMap((entry) => {
    const bytes = entry.type === 'file' ? entry.bytes : new Uint8Array();
    return [createHeader(entry, bytes.byteLength), bytes, new Uint8Array(padding(bytes.byteLength))];
  });
  return Buffer.concat([...parts, new Uint8Array(2 * blockBytes)]);
}

function createHeader(entry: TarEntry, size: number): Uint8Array {
  const header = Buffer.alloc(blockBytes);
  header.write(entry.path, 0, 100);
  header.write(octal(modeOf(entry), 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(1_700_000_000, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write(typeFlags[entry.type], 156);
  if (isLink(entry)) header.write(entry.target, 157, 100);
  header.write('ustar\u000000', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 7)} `, 148);
  return header;
}

function isLink(entry: TarEntry): entry is LinkEntry {
  return entry.type === 'symlink' || entry.type === 'hardlink';
}

function modeOf(entry: TarEntry): number {
  if (isLink(entry)) return 0o777;
  return entry.mode ?? (entry.type === 'file' ? 0o644 : 0o755);
}

/** `width` characters: octal digits and a closing NUL. */
function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\u0000`;
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}
