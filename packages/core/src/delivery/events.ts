import type { StatusDocument } from '../rendezvous/status.ts';
import type { WaitDecision } from '../rendezvous/wait-decision.ts';
import type { DeliveryImageReport } from './report.ts';

/** What happens during waiting and delivery. */
export type DeliveryEvent =
  | { readonly type: 'waiting'; readonly decision: WaitDecision; readonly status: StatusDocument | undefined }
  | { readonly type: 'receiving'; readonly reference: string; readonly bytes: number }
  | {
      readonly type: 'loading';
      readonly reference: string;
      readonly bytes: number;
      readonly layers: number;
      readonly skipped: number;
    }
  | {
      readonly type: 'verifying';
      readonly packs: number;
      readonly layers: number;
      /** Bytes of their tars. */
      readonly bytes: number;
    }
  | {
      readonly type: 'mounting';
      readonly images: readonly string[];
      readonly packs: number;
      /** Size of their files. */
      readonly bytes: number;
      /** Why they are mounted in this way. */
      readonly reason: string;
    }
  | {
      readonly type: 'unpacking';
      readonly reference: string;
      readonly layers: number;
      readonly bytes: number;
    }
  | { readonly type: 'sent'; readonly reference: string; readonly bytes: number }
  | { readonly type: 'pulling'; readonly reference: string }
  | { readonly type: 'image'; readonly image: DeliveryImageReport }
  | { readonly type: 'warning'; readonly message: string };
