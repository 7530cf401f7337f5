import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { PrepullImageReport } from './report.ts';

/** What happens during a pre-pull, for whoever shows it. References are in familiar form. */
export type PrepullEvent =
  | { readonly type: 'resolved'; readonly reference: string; readonly digest: Digest }
  | {
      readonly type: 'blob';
      readonly reference: string;
      readonly descriptor: Descriptor;
      /** Bytes that had to be fetched: 0 when the bundle had the blob. */
      readonly bytesFetched: number;
      readonly ms: number;
    }
  | { readonly type: 'bytes'; readonly count: number }
  /** Bytes of layer tars that have gone into the pack since the last such event. */
  | { readonly type: 'packing'; readonly count: number }
  | {
      readonly type: 'pack';
      readonly digest: Digest;
      /** Of its file. */
      readonly bytes: number;
      readonly layers: number;
      readonly ms: number;
    }
  | { readonly type: 'image'; readonly image: PrepullImageReport }
  | { readonly type: 'warning'; readonly message: string };
