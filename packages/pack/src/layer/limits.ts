/** Limits for a layer; a layer beyond them is not packed. */
export interface LayerLimits {
  /** Entries of the tar. Default: two million. */
  readonly maxEntries: number;
  /** Bytes of the tar, and of its files including holes. Default: 256 GiB. */
  readonly maxBytes: number;
}

/** Far above any real layer. */
export const defaultLimits: LayerLimits = { maxEntries: 2_000_000, maxBytes: 256 * 1024 ** 3 };
