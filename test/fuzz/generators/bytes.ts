import fc from 'fast-check';
import { maxInputBytes } from '../target.ts';

/** A change of some bytes; places are parts of the whole, so that they fit every input. */
type Mutation =
  | { readonly kind: 'set' | 'flip'; readonly at: number; readonly value: number }
  | { readonly kind: 'number'; readonly at: number; readonly value: bigint; readonly bytes: 2 | 4 | 8 }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'remove' | 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'cut'; readonly at: number };

const places = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Numbers at the edges of their types. */
const edgeNumbers = fc.oneof(
  fc.constantFrom(
    ...[0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fff_ffffn, 0x8000_0000n],
    ...[0xffff_fffen, 0xffff_ffffn, 0x1f_ffff_ffff_ffffn, 0x20_0000_0000_0000n, 0xffff_ffff_ffff_ffffn],
  ),
  fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
);

const byteMutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constantFrom('set', 'flip'), at: places, value: fc.nat(255) }),
  fc.record({
    kind: fc.constant('number'),
    at: places,
    value: edgeNumbers,
    bytes: fc.constantFrom(2, 4, 8),
  }),
  fc.record({ kind: fc.constant('insert'), at: places, bytes: fc.uint8Array({ maxLength: 16 }) }),
  fc.record({
    kind: fc.constantFrom('remove', 'repeat'),
    at: places,
    length: fc.integer({ min: 1, max: 2048 }),
  }),
  fc.record({ kind: fc.constant('cut'), at: places }),
);

/** The bytes of `base`, sometimes as they are, mostly with a few mutations. */
export function mutated(base: fc.Arbitrary<Uint8Array>, maxMutations = 6): fc.Arbitrary<Buffer> {
  return fc
    .tuple(base, fc.array(byteMutations, { maxLength: maxMutations }))
    .map(([bytes, mutations]) => mutations.reduce(mutate, Buffer.from(bytes)).subarray(0, maxInputBytes));
}

function mutate(bytes: Buffer, mutation: Mutation): Buffer {
  const at = Math.floor(mutation.at * bytes.length);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (mutation.kind) {
    case 'set':
      return Buffer.concat([before, Buffer.of(mutation.value), after.subarray(1)]);
    case 'flip':
      return Buffer.concat([before, Buffer.of((bytes[at] ?? 0) ^ mutation.value), after.subarray(1)]);
    case 'number':
      return Buffer.concat([before, numberBytes(mutation), after.subarray(mutation.bytes)]);
    case 'insert':
      return Buffer.concat([before, mutation.bytes, after]);
    case 'remove':
      return Buffer.concat([before, after.subarray(mutation.length)]);
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, mutation.length), after]);
    case 'cut':
      return Buffer.from(before);
  }
}

function numberBytes({ value, bytes }: Extract<Mutation, { kind: 'number' }>): Buffer {
  const all = Buffer.alloc(8);
  all.writeBigUInt64LE(BigInt.asUintN(64, value));
  return all.subarray(0, bytes);
}

/** Bytes without any structure, and patterns that repeat up to the largest input. */
export function rawBytes(): fc.Arbitrary<Buffer> {
  const patterns = fc.uint8Array({ minLength: 1, maxLength: 24 });
  return fc.oneof(
    fc.uint8Array({ maxLength: 1024, size: 'max' }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(patterns, fc.nat(maxInputBytes), fc.uint8Array({ maxLength: 16 }))
      .map(([pattern, length, end]) =>
        Buffer.concat([Buffer.alloc(length, pattern), end]).subarray(0, maxInputBytes),
      ),
  );
}
