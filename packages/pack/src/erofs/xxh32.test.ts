import { expect, test } from '@jest/globals';
import { xxh32 } from './xxh32.ts';

// From the reference implementation.
test.each([
  ['', 0, 0x02cc_5d05],
  ['a', 0, 0x550d_7456],
  ['abc', 0, 0x32d1_53ff],
  ['Nobody inspects the spammish repetition', 0, 0xe229_3b2f],
])('XXH32 of "%s" with seed %d', (text, seed, hash) => {
  expect(xxh32(Buffer.from(text), seed)).toBe(hash);
});
