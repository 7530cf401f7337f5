import type { Engine } from '../engine.ts';
import type { Reference } from '../image/reference.ts';
import type { WatchOptions } from '../rendezvous/watch.ts';
import type { DocumentStore } from '../transport.ts';
import type { BlobLocation } from './context.ts';
import type { DeliveryEvent } from './events.ts';
import type { PackAccess } from './pack-access.ts';
import type { DeliveryMode } from './way-facts.ts';

/** What happens to an image that the pre-pull did not deliver. */
export type OnMiss = 'continue' | 'pull' | 'fail';

export interface DeliveryOptions extends WatchOptions {
  readonly engine: Engine;
  /** Where the pre-pull hands over the bundle. */
  readonly handover: BlobLocation & { readonly documents: DocumentStore };
  /** Where blobs are kept on this node; the handover location itself when there is no handover. */
  readonly local: BlobLocation;
  /** Empty: every image of the pre-pull. */
  readonly only: readonly Reference[];
  /**
   * What the pre-pull would bring, as far as known here: pulled when none begins and `onMiss` is `pull`.
   */
  readonly expected?: readonly Reference[] | undefined;
  readonly delivery: DeliveryMode;
  readonly onMiss: OnMiss;
  /** Access to packs; undefined: images come from layers alone. */
  readonly packs?: PackAccess | undefined;
  /** Transfers at a time. */
  readonly concurrency: number;
  readonly onEvent?: ((event: DeliveryEvent) => void) | undefined;
}
