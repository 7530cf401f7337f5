import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/**
 * One image for one platform: its documents with their bytes, which must not be re-serialised, and its
 * layers.
 */
export interface ImageContent {
  /** What a reference names: the index, or the manifest itself. */
  readonly target: Descriptor;
  readonly targetBytes: Uint8Array;
  /** Equals `target` when there is no index. */
  readonly manifest: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly config: Descriptor;
  readonly configBytes: Uint8Array;
  /** Bottom first, as the manifest lists them. */
  readonly layers: readonly Descriptor[];
  /** Bottom first, one for each layer. */
  readonly diffIds: readonly Digest[];
}
