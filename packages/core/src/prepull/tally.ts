import type { StatusProgress } from '../rendezvous/status.ts';
import type { PrepullEvent } from './events.ts';

/** Counts bytes for the status document and passes the events on. */
export class Tally {
  readonly #listener: ((event: PrepullEvent) => void) | undefined;
  #bytesFetched = 0;
  #bytesReused = 0;
  #blobsSent = 0;
  #bytesSent = 0;

  constructor(listener: ((event: PrepullEvent) => void) | undefined) {
    this.#listener = listener;
  }

  emit(event: PrepullEvent): void {
    if (event.type === 'bytes') this.#bytesFetched += event.count;
    if (event.type === 'blob') this.#bytesReused += Math.max(0, event.descriptor.size - event.bytesFetched);
    if (event.type === 'sent') {
      this.#blobsSent += event.blobs;
      this.#bytesSent += event.bytes;
    }
    this.#listener?.(event);
  }

  progress(): StatusProgress {
    return { bytesFetched: this.#bytesFetched, bytesReused: this.#bytesReused };
  }

  /** What went to the handover location. */
  sent(): { readonly blobs: number; readonly bytes: number } {
    return { blobs: this.#blobsSent, bytes: this.#bytesSent };
  }
}
