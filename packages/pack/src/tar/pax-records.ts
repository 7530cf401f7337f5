import { MalformedTar } from './malformed.ts';
import type { TarTime } from './tar-entry.ts';

/** The records of a PAX extended header; for duplicate keys the last counts. Keys are bytes (`latin1`). */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/** Key of the fragments of a sparse file, in both of the older formats. */
export const sparseMapKey = 'GNU.sparse.map';

const pairKeys = ['GNU.sparse.offset', 'GNU.sparse.numbytes'] as const;

/**
 * Parses extended header data. Turns the repeated records of GNU's sparse format 0.0 into the single record
 * of format 0.1.
 * @throws MalformedTar
 * @see POSIX.1-2017, pax, "pax Extended Header"
 */
export function parsePaxRecords(data: Buffer): PaxRecords {
  const records = new Map<string, Buffer>();
  const pairs: string[] = [];
  for (let at = 0; at < data.length;) {
    const { key, value, end } = parseRecord(data, at);
    at = end;
    if (key === pairKeys[pairs.length % 2]) pairs.push(value.toString('latin1'));
    else if (key === pairKeys[0] || key === pairKeys[1]) throw malformed();
    else records.set(key, value);
  }
  if (pairs.length > 0) records.set(sparseMapKey, Buffer.from(pairs.join(','), 'latin1'));
  return records;
}

/**
 * The text of a record, as bytes (`latin1`); undefined if it is absent or empty, so that the header block's
 * value applies.
 */
export function paxText(records: PaxRecords, key: string): string | undefined {
  const text = records.get(key)?.toString('latin1');
  if (text?.includes('\0') === true) throw malformed();
  return text === '' ? undefined : text;
}

/** The integer value of a record. @throws MalformedTar */
export function paxNumber(records: PaxRecords, key: string): number | undefined {
  const text = paxText(records, key);
  return text === undefined ? undefined : decimal(text);
}

/** The time of a record, with nanoseconds. @throws MalformedTar */
export function paxTime(records: PaxRecords, key: string): TarTime | undefined {
  const text = paxText(records, key);
  if (text === undefined) return undefined;
  const match = /^([+-]?[0-9]+)(?:\.([0-9]*))?$/.exec(text);
  if (match === null) throw malformed();
  const [, whole = '', fraction = ''] = match;
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  const seconds = decimal(whole);
  if (nanoseconds === 0 || !whole.startsWith('-')) return { seconds, nanoseconds };
  return { seconds: seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

/** @throws MalformedTar */
export function decimal(text: string): number {
  const value = /^[+-]?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw malformed();
  return value;
}

interface Record {
  readonly key: string;
  readonly value: Buffer;
  readonly end: number;
}

/** One record: `<length> <key>=<value>\n`; the length includes itself. */
function parseRecord(data: Buffer, start: number): Record {
  const space = data.indexOf(0x20, start);
  if (space < 0) throw malformed();
  const length = decimal(data.toString('latin1', start, space));
  const end = start + length;
  if (length < 5 || end > data.length || data[end - 1] !== 0x0a) throw malformed();
  const equals = data.indexOf(0x3d, space);
  if (equals <= space + 1 || equals >= end) throw malformed();
  const key = data.toString('latin1', space + 1, equals);
  if (key.includes('\0')) throw malformed();
  return { key, value: data.subarray(equals + 1, end - 1), end };
}

function malformed(): MalformedTar {
  return new MalformedTar('an extended header is malformed');
}
