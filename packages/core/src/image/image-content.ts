import type { Descriptor } from './descriptor.ts';
import type { Digest } from './digest.ts';

/**
 * One image for one platform: its layers, and its documents with their exact bytes. Never re-serialise them.
 */
export interface ImageContent {
  /** The index or manifest that a reference names. */
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
