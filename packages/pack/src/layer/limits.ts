/** What a layer may hold at most; one that has more is not packed. */
export interface LayerLimits {
  /** Entries of its tar, default two million. */
  readonly maxEntries: number;
  /** Of its tar, and of its files with the holes of sparse ones (bytes), default 256 GiB. */
  readonly maxBytes: number;
}

/** Far beyond any real layer. */
export const defaultLimits: LayerLimits = { maxEntries: 2_000_000, maxBytes: 256 * 1024 ** 3 };
