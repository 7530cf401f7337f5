import type { Fragment } from '../tar/tar-entry.ts';

const holeBytes = 256 * 1024;
const hole = Buffer.alloc(holeBytes);

/** Expands a sparse file: puts stored bytes at their offsets and fills holes with zeros. */
export interface Expansion {
  /** Expands the next stored bytes. */
  content(bytes: Buffer): Generator<Buffer>;
  /** Yields the rest, which is the hole at the end. */
  end(): Generator<Buffer>;
}

/** Starts a sparse file of `size` bytes. The fragments must be sorted and lie within it. */
export function expandSparse(fragments: readonly Fragment[], size: number): Expansion {
  let position = 0;
  let next = 0;
  /** Offset within the fragment at `next`. */
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
