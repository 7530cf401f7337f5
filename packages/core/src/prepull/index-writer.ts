import { emptyIndex, formatBundleIndex, readBundleIndex, withEntry } from '../bundle/bundle-index.ts';
import type { BundleEntry, BundleIndex } from '../bundle/bundle-index.ts';
import type { DocumentStore } from '../transport.ts';

/** Adds images to the `index.json` of one place, one after the other. */
export interface IndexWriter {
  /** Resolves once the index that names the image is visible. */
  add(entry: BundleEntry): Promise<void>;
}

/** Continues the index that is there. */
export function createIndexWriter(documents: DocumentStore): IndexWriter {
  let current: Promise<BundleIndex> | undefined;
  return {
    async add(entry) {
      const previous = current ?? readBundleIndex(documents).then((index) => index ?? emptyIndex);
      const next = previous.then(async (index) => {
        const extended = withEntry(index, entry);
        await documents.write('index.json', formatBundleIndex(extended));
        return extended;
      });
      // A failed write leaves the index as it was, for the next image to extend.
      current = next.catch(() => previous);
      await next;
    },
  };
}
