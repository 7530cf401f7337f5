import type { FileClient } from './client.ts';

/** A handover location on a web server, as one transport sees it. */
export interface Place {
  /** For messages. */
  readonly url: string;
  readonly client: FileClient;
  /** Begins the paths of the documents; empty, or ends in a slash. */
  readonly documents: string;
}
