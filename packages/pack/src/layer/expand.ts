import type { Fragment } from '../tar/tar-entry.ts';

const holeBytes = 256 * 1024;
const hole = Buffer.alloc(holeBytes);

/** Puts the stored bytes of a sparse file where they belong, and zeros between them. */
export interface Expansion {
  /** Takes the next stored bytes. */
  content(bytes: Buffer): Generator<Buffer>;
  /** Gives what is left: the hole at the end. */
  end(): Generator<Buffer>;
}

/** Begins a sparse file of `size` bytes; the fragments are in order and within it. */
export function expandSparse(fragments: readonly Fragment[], size: number): Expansion {
  let position = 0;
  let next = 0;
  /** Position in the fragment at `next`. */
  let within = 0;
  function* zeros(until: number): Generator<Buffer> {
    while (position < until) {
      const piece = hole.subarray(0, Math.min(holeBytes, until - position));
      position += piece.length;
      yield piece;
    }
  }
  return {
    *content(bytes) {
      for (let at = 0; at < bytes.length;) {
        const fragment = fragments[next];
        if (fragment === undefined) return;
        yield* zeros(fragment.offset + within);
        const piece = bytes.subarray(at, at + fragment.length - within);
        if (piece.length > 0) yield piece;
        at += piece.length;
        position += piece.length;
        within += piece.length;
        if (within === fragment.length) [next, within] = [next + 1, 0];
      }
    },
    *end() {
      yield* zeros(size);
    },
  };
}
