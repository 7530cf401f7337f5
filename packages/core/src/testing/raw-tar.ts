/** One header block and its content, in raw bytes. Strings are bytes (`latin1`). */
export interface RawTarEntry {
  /** Up to 100 bytes; longer names need {@link rawPaxHeader} or {@link rawLongName} first. */
  readonly name: string;
  /** Default `0`, a file. */
  readonly typeFlag?: string | undefined;
  readonly content?: Uint8Array | undefined;
  /** The size in the header; default: the content's length. */
  readonly size?: number | undefined;
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly mtime?: number | undefined;
  readonly linkName?: string | undefined;
  readonly deviceMajor?: number | undefined;
  readonly deviceMinor?: number | undefined;
  readonly prefix?: string | undefined;
  /** Default `ustar`. `gnu` writes large numbers in base 256. */
  readonly format?: 'v7' | 'ustar' | 'gnu' | undefined;
  /** Other bytes of the header, by offset. */
  readonly patches?: Readonly<Record<number, string>> | undefined;
}

const blockBytes = 512;
const magics = { v7: '', ustar: 'ustar\u000000', gnu: 'ustar  \u0000' } as const;

/**
 * A raw entry of a tar, which may be invalid: nothing is checked. @see POSIX.1-2017, pax, "ustar Interchange
 * Format"
 */
export function rawTarEntry(entry: RawTarEntry): Buffer {
  const { content = new Uint8Array(), typeFlag = '0', format = 'ustar' } = entry;
  const header = Buffer.alloc(blockBytes);
  const text = (value: string, offset: number, length: number): void => {
    header.write(value.slice(0, length), offset, 'latin1');
  };
  const number = (value: number, offset: number, length: number): void =>
    writeNumber(header.subarray(offset, offset + length), value);
  text(entry.name, 0, 100);
  number(entry.mode ?? (typeFlag === '5' ? 0o755 : 0o644), 100, 8);
  number(entry.uid ?? 0, 108, 8);
  number(entry.gid ?? 0, 116, 8);
  number(entry.size ?? content.byteLength, 124, 12);
  number(entry.mtime ?? 1_700_000_000, 136, 12);
  text(typeFlag, 156, 1);
  text(entry.linkName ?? '', 157, 100);
  text(magics[format], 257, 8);
  if (format !== 'v7') {
    number(entry.deviceMajor ?? 0, 329, 8);
    number(entry.deviceMinor ?? 0, 337, 8);
  }
  text(entry.prefix ?? '', 345, 155);
  for (const [offset, patch] of Object.entries(entry.patches ?? {})) text(patch, Number(offset), blockBytes);
  writeChecksum(header);
  return Buffer.concat([header, content, rawPadding(content.byteLength)]);
}

/**
 * A PAX header for the next entry, or with the type `g` for all following ones. @see POSIX.1-2017, pax, "pax
 * Extended Header"
 */
export function rawPaxHeader(records: PaxPairs | PaxRecords, typeFlag: 'x' | 'g' = 'x'): Buffer {
  const pairs = isPairs(records) ? records : Object.entries(records);
  const content = Buffer.concat(pairs.map(([key, value]) => paxRecord(key, value)));
  return rawTarEntry({ name: 'PaxHeaders/0', typeFlag, content });
}

type PaxRecords = Readonly<Record<string, string | Uint8Array>>;
/** Pairs allow repeated keys. */
type PaxPairs = readonly (readonly [string, string | Uint8Array])[];

function isPairs(records: PaxPairs | PaxRecords): records is PaxPairs {
  return Array.isArray(records);
}

/** GNU's entry for a long name (`L`) or a long link name (`K`) of the next entry. */
export function rawLongName(name: string, typeFlag: 'L' | 'K' = 'L'): Buffer {
  const content = Buffer.from(`${name}\0`, 'latin1');
  return rawTarEntry({ name: '././@LongLink', typeFlag, content, format: 'gnu' });
}

/** The two zero blocks that end a tar. */
export function rawTarEnd(): Buffer {
  return Buffer.alloc(2 * blockBytes);
}

/** The zeros up to the next block. */
export function rawPadding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

function paxRecord(key: string, value: string | Uint8Array): Buffer {
  const rest = Buffer.concat([
    Buffer.from(` ${key}=`, 'latin1'),
    typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
    Buffer.from('\n'),
  ]);
  const guess = rest.length + String(rest.length).length;
  return Buffer.concat([Buffer.from(String(rest.length + String(guess).length)), rest]);
}

function writeNumber(field: Buffer, value: number): void {
  const octal = value.toString(8);
  if (value >= 0 && octal.length < field.length) {
    field.write(octal.padStart(field.length - 1, '0'), 'latin1');
    return;
  }
  let rest = value;
  for (let at = field.length - 1; at >= 0; at -= 1) {
    field.writeUInt8(((rest % 256) + 256) % 256, at);
    rest = Math.floor(rest / 256);
  }
  field.writeUInt8(field.readUInt8(0) | 0x80, 0);
}

function writeChecksum(header: Buffer): void {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1');
}
