import { fstatSync, readSync } from 'node:fs';

/** A file that is not EROFS in the form that packs use; the caller names the pack. */
export class MalformedErofs extends Error {
  override readonly name = 'MalformedErofs';
}

const pageBytes = 64 * 1024;
/** The inodes of a directory lie together. */
const cachedPages = 256;

/** Random access to the metadata of a file. Synchronous, because most reads are in the cache. */
export class ErofsBytes {
  readonly #descriptor: number;
  readonly #size: number;
  readonly #pages = new Map<number, Buffer>();

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.#size = fstatSync(descriptor).size;
  }

  /** @throws MalformedErofs if the file ends earlier */
  read(at: number, length: number): Buffer {
    if (length > 0 && at + length > this.#size) throw new MalformedErofs('it is truncated');
    const pieces: Buffer[] = [];
    for (let from = at; from < at + length;) {
      const start = from % pageBytes;
      const piece = this.#page(from - start).subarray(start, start + at + length - from);
      from += piece.length;
      pieces.push(piece);
    }
    return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  }

  #page(at: number): Buffer {
    const cached = this.#pages.get(at);
    if (cached !== undefined) return cached;
    const page = Buffer.alloc(Math.min(pageBytes, this.#size - at));
    if (readSync(this.#descriptor, page, 0, page.length, at) < page.length)
      throw new MalformedErofs('it is truncated');
    const [oldest] = this.#pages.keys();
    if (this.#pages.size >= cachedPages && oldest !== undefined) this.#pages.delete(oldest);
    this.#pages.set(at, page);
    return page;
  }
}

/** Converts a size or number. @throws MalformedErofs for an impossible one */
export function position(value: bigint): number {
  if (value > 2n ** 44n) throw new MalformedErofs('a number is too large');
  return Number(value);
}
