import { describe, expect, test } from '@jest/globals';
import { formatWithChecksum, matchesChecksum } from './document-checksum.ts';

const document = { version: 1, state: 'ready', name: 'grün "b"', list: [{ a: 1 }] };

/** True when a reader gets this document: it parses, and the checksum raises no objection. */
function isAccepted(bytes: Uint8Array): boolean {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return false;
  }
  return matchesChecksum(bytes, value);
}

describe.each([undefined, 2])('a document with a checksum and indent %s', (indent) => {
  const bytes = formatWithChecksum(document, indent);

  test('keeps its members, and is accepted', () => {
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject(document);
    expect(isAccepted(bytes)).toBe(true);
  });

  test('is refused after any change of any byte', () => {
    const missed: string[] = [];
    for (let position = 0; position < bytes.length; position += 1) {
      for (let flip = 1; flip < 256; flip += 1) {
        const damaged = Uint8Array.from(bytes);
        damaged[position] = (bytes[position] ?? 0) ^ flip;
        if (isAccepted(damaged)) missed.push(`${String(position)} ^ ${String(flip)}`);
      }
    }
    expect(missed).toEqual([]);
  });

  test.each([1, 10])('is refused when its last %d bytes are missing', (count) => {
    expect(isAccepted(bytes.subarray(0, -count))).toBe(false);
  });
});

test('a document without a checksum is accepted', () => {
  expect(isAccepted(new TextEncoder().encode(JSON.stringify(document)))).toBe(true);
});

test('a checksum that is not one is refused', () => {
  expect(isAccepted(Buffer.from(JSON.stringify({ ...document, 'dev.drayage.checksum': 'none' })))).toBe(
    false,
  );
});
