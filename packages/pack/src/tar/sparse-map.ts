import { blockBytes, numberField } from './header-block.ts';
import { MalformedTar } from './malformed.ts';
import { decimal, paxNumber, sparseMapKey, type PaxRecords } from './pax-records.ts';
import type { Fragment } from './tar-entry.ts';

/** Limit for the map of a sparse file (bytes). */
const maxMapBytes = 1024 * 1024;

/** Where the fragments of a sparse file are listed: in its PAX records, or in a map before its bytes. */
export type PaxSparseFormat = 'records' | 'map';

/** The sparse format of an entry with these records; undefined if it is not sparse. */
export function paxSparseFormat(records: PaxRecords): PaxSparseFormat | undefined {
  const version = ['GNU.sparse.major', 'GNU.sparse.minor'].map(
    (key) => records.get(key)?.toString('latin1') ?? '',
  );
  switch (version.join('.')) {
    case '0.0':
    case '0.1':
      return 'records';
    case '1.0':
      return 'map';
    case '.':
      return (records.get(sparseMapKey)?.length ?? 0) > 0 ? 'records' : undefined;
    default:
      return undefined;
  }
}

/** Reads the fragments of GNU's sparse formats 0.0 and 0.1. @throws MalformedTar */
export function fragmentsOfRecords(records: PaxRecords): readonly Fragment[] {
  const text = records.get(sparseMapKey)?.toString('latin1') ?? '';
  const numbers = text === '' ? [] : text.split(',').map(decimal);
  if (paxNumber(records, 'GNU.sparse.numblocks') !== numbers.length / 2) throw malformed();
  return pairUp(numbers);
}

/** Reads the map before the bytes of a file in GNU's sparse format 1.0. */
export interface SparseMapReader {
  /** Bytes of the map so far. */
  readonly bytes: number;
  /** Returns the fragments after the map's last block. @throws MalformedTar */
  add(block: Buffer): readonly Fragment[] | undefined;
}

/** Starts such a map: decimal numbers, one per line, first the number of fragments. */
export function createSparseMapReader(): SparseMapReader {
  const lines: string[] = [''];
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    add(block) {
      bytes += block.length;
      const [first = '', ...more] = block.toString('latin1').split('\n');
      lines.push((lines.pop() ?? '') + first);
      for (const line of more) lines.push(line);
      if (bytes > maxMapBytes) throw malformed();
      if (lines.length === 1) return undefined;
      const numbers = decimal(lines[0] ?? '') * 2;
      if (numbers < 0) throw malformed();
      return lines.length - 2 < numbers ? undefined : pairUp(lines.slice(1, numbers + 1).map(decimal));
    },
  };
}

/**
 * The fragments in an old GNU sparse header or in one of its extension blocks, and whether another extension
 * block follows.
 */
export function fragmentsOfBlock(
  block: Buffer,
  kind: 'header' | 'continuation',
): { readonly fragments: readonly Fragment[]; readonly goesOn: boolean } {
  const [start, count, flag] = kind === 'header' ? [386, 4, 482] : [0, 21, 504];
  const fragments: Fragment[] = [];
  for (let at = start; at < start + count * 24 && block[at] !== 0; at += 24) {
    fragments.push({ offset: numberField(block, at, 12), length: numberField(block, at + 12, 12) });
  }
  return { fragments, goesOn: (block[flag] ?? 0) > 0 && block.length === blockBytes };
}

/**
 * Requires that fragments are sorted, lie within the file, and add up to the stored bytes.
 * @throws MalformedTar
 */
export function checkFragments(fragments: readonly Fragment[], size: number, storedSize: number): void {
  let end = 0;
  let bytes = 0;
  for (const { offset, length } of fragments) {
    if (length < 0 || offset < end) throw malformed();
    end = offset + length;
    bytes += length;
  }
  if (end > size || bytes !== storedSize) throw malformed();
}

function pairUp(numbers: readonly number[]): readonly Fragment[] {
  const fragments: Fragment[] = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    fragments.push({ offset: numbers[at] ?? 0, length: numbers[at + 1] ?? 0 });
  }
  return fragments;
}

function malformed(): MalformedTar {
  return new MalformedTar('the map of a sparse file is malformed');
}
