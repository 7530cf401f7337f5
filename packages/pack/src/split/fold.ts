/** The distance that {@link FoldModule.fold} reaches back (bytes). */
export const foldReach = 64;

/**
 * Available in Node.js, but declared neither by its types nor by TypeScript's ES library.
 * @see WebAssembly JavaScript Interface 2.0
 */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly fold: (begin: number, end: number) => void;
}

/** A module with a `memory` of 64 KiB that starts with {@link foldReach} permanent zeros. */
export interface FoldModule {
  readonly memory: ArrayBuffer;
  /**
   * Reduces the bytes between two addresses of the memory modulo the polynomial of CRC-64/GO-ISO, 16 bytes at
   * a time, until 64 bytes are left. Modulo x^64 + x^4 + x^3 + x + 1, x^512 is x^32 + x^24 + x^8 + 1: each
   * byte comes back 64, 63, 61 and 60 bytes later, so no bits are shifted. JavaScript has no vectors for
   * this; WebAssembly takes a fifth of its time.
   */
  readonly fold: (begin: number, end: number) => void;
}

export function createFoldModule(): FoldModule {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble()));
  return { memory: exports.memory.buffer, fold: exports.fold };
}

/** @see WebAssembly Core Specification 2.0, "Binary Format" */
function assemble(): Uint8Array {
  const [i32, noResult, noLocals] = [0x7f, 0x00, 0x00];
  const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
  const section = (id: number, ...items: number[][]): number[] => {
    const body = [items.length, ...items.flat()];
    return [id, body.length, ...body];
  };
  const begin = [0x20, 0];
  const end = [0x20, 1];
  const constant = (value: number): number[] => [0x41, value & 0x7f];
  // Alignments are hints, in powers of two.
  const loadVector = (offset: number): number[] => [0xfd, 0x00, 0, offset];
  const storeVector = [0xfd, 0x0b, 0, 0];
  const xorVectors = [0xfd, 0x51];
  const earlier = (distance: number): number[] => [
    ...begin,
    ...constant(-foldReach),
    0x6a, // i32.add
    ...loadVector(foldReach - distance),
    ...xorVectors,
  ];
  const code = [
    ...[0x03, 0x40], // loop
    ...[...begin, ...end, 0x49], // i32.lt_u
    ...[0x04, 0x40], // if
    ...begin,
    ...[...begin, ...loadVector(0)],
    ...[64, 63, 61, 60].flatMap(earlier),
    ...storeVector,
    ...[...begin, ...constant(16), 0x6a, 0x21, 0], // i32.add, local.set
    ...[0x0c, 1], // br
    ...[0x0b, 0x0b, 0x0b], // end
  ];
  return Uint8Array.from([
    ...[0x00, ...Buffer.from('asm'), 1, 0, 0, 0],
    // Types, functions, memories, exports, code.
    ...section(1, [0x60, 2, i32, i32, noResult]),
    ...section(3, [0]),
    ...section(5, [0x01, 1, 1]),
    ...section(7, [...text('memory'), 0x02, 0], [...text('fold'), 0x00, 0]),
    ...section(10, [code.length + 1, noLocals, ...code]),
  ]);
}
