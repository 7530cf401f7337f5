import {
  emptyIndex,
  formatBundleIndex,
  readBundleIndex,
  withEntry,
  withPack,
  withoutPacks,
} from '../bundle/bundle-index.ts';
import type { BundleEntry, BundleIndex } from '../bundle/bundle-index.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { DocumentStore } from '../transport.ts';

/** Adds images to one `index.json`, one at a time. */
export interface IndexWriter {
  /** Resolves once readers can see the new index. */
  add(entry: BundleEntry): Promise<void>;
  /** Adds packs, and removes others. */
  setPacks(listed: readonly Descriptor[], dropped: ReadonlySet<Digest>): Promise<void>;
}

/** Continues the existing index. */
export function createIndexWriter(documents: DocumentStore): IndexWriter {
  const isShared = documents.exclusively !== undefined;
  const alone = documents.exclusively ?? ((action) => action());
  let current: Promise<BundleIndex | undefined> | undefined;
  const change = async (edit: (index: BundleIndex) => BundleIndex): Promise<void> => {
    const previous = current ?? Promise.resolve(undefined);
    const next = previous.then((known) =>
      alone(async () => {
        const read = (): Promise<BundleIndex> =>
          readBundleIndex(documents).then((index) => index ?? emptyIndex);
        // Other pre-pulls may have added images to a location that allows them.
        const changed = edit(isShared || known === undefined ? await read() : known);
        await documents.write('index.json', formatBundleIndex(changed));
        return changed;
      }),
    );
    // After a failed write, the next change continues from the previous index.
    current = next.catch(() => previous);
    await next;
  };
  return {
    add: (entry) => change((index) => withEntry(index, entry)),
    setPacks: (listed, dropped) => change((index) => withoutPacks(listed.reduce(withPack, index), dropped)),
  };
}
