import { createHash } from 'node:crypto';
import { isObject } from '../image/json.ts';

/**
 * The last member of a document: `sha256:` and the hash of the document's bytes with 64 zeros in place of
 * this hash. It finds damage, not forgery. Tools that read and write `index.json` drop unknown members, so an
 * index that they changed has no checksum.
 */
const member = 'dev.drayage.checksum';

const pattern = /^sha256:[0-9a-f]{64}$/;
const zeros = '0'.repeat(64);

/** Serialises a document with a checksum. `indent` is that of `JSON.stringify`. */
export function formatWithChecksum(document: object, indent?: number): Uint8Array {
  const text = (hex: string): string =>
    `${JSON.stringify({ ...document, [member]: `sha256:${hex}` }, undefined, indent)}\n`;
  return new TextEncoder().encode(text(sha256(text(zeros))));
}

/**
 * False when the bytes of a document differ from those that were written. True for a document without a
 * checksum, as other tools and older versions write it. `document` is the parsed document.
 */
export function matchesChecksum(bytes: Uint8Array, document: unknown): boolean {
  if (!isObject(document)) return true;
  const checksum = document[member];
  // No other member at the top is a digest: this is the checksum, and the damage is in its name.
  if (checksum === undefined) return !Object.values(document).some(isChecksum);
  if (!isChecksum(checksum)) return false;
  const hex = checksum.slice(-zeros.length);
  const zeroed = Buffer.from(bytes);
  zeroed.write(zeros, zeroed.lastIndexOf(hex), 'latin1');
  return sha256(zeroed) === hex;
}

function isChecksum(value: unknown): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
