import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { PrepullImageReport } from './report.ts';

/** Events of a pre-pull, for display. References are in familiar form. */
export type PrepullEvent =
  | { readonly type: 'resolved'; readonly reference: string; readonly digest: Digest }
  | {
      readonly type: 'blob';
      readonly reference: string;
      readonly descriptor: Descriptor;
      /** Bytes fetched: 0 when the bundle had the blob. */
      readonly bytesFetched: number;
      readonly ms: number;
    }
  | { readonly type: 'bytes'; readonly count: number }
  /** Blobs that the handover location did not have, and their size in bytes. */
  | { readonly type: 'sent'; readonly blobs: number; readonly bytes: number }
  /** `count`: bytes of layer tars packed since the last such event. */
  | { readonly type: 'packing'; readonly count: number }
  | {
      readonly type: 'pack';
      readonly digest: Digest;
      /** Size of the pack's file. */
      readonly bytes: number;
      readonly layers: number;
      readonly ms: number;
    }
  | { readonly type: 'image'; readonly image: PrepullImageReport }
  | { readonly type: 'warning'; readonly message: string };
