import type { Operation } from '@drayage/http';
import type { FileClient } from './client.ts';

/** A handover location on a web server, as one transport sees it. */
export interface Place {
  /** For messages. */
  readonly url: string;
  readonly client: FileClient;
  /** Begins the paths of the documents; empty, or ends in a slash. */
  readonly documents: string;
}

/** An operation at that location. */
export function operationAt(
  { url }: Pick<Place, 'url'>,
  name: string,
  what: string,
  more: { readonly direction: 'from' | 'to' | 'of' | 'in'; readonly digest?: string | undefined },
): Operation {
  return {
    title: `${name} ${what} ${more.direction} ${url}`,
    name,
    side: more.direction === 'from' ? 'source' : 'destination',
    digest: more.digest,
  };
}
