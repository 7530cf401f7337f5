import type { DocumentName } from '@drayage/core';
import { statusOf } from '@drayage/http';
import type { PackageFile } from '../api/package-registry.ts';
import type { NumberedFile } from './file-names.ts';
import { operationAt, type BundleLocation } from './bundle-location.ts';

/** Removes replaced documents in the background; failures are ignored. */
export interface Pruner {
  /**
   * `newest` replaced what was written before. The plain name stays when numbered ones follow: it tells
   * readers that the document exists.
   */
  replace(name: DocumentName, newest: NumberedFile): void;
  /** Resolves when all removals have ended. */
  settled(): Promise<void>;
}

/**
 * How many of the newest files stay: a reader may be at the last but one; two of a name show that duplicates
 * are allowed.
 */
const kept = 2;

/**
 * Stops at the first refusal of a token that may not delete; the files go when their pipeline's version
 * expires.
 */
export function createPruner(location: BundleLocation): Pruner {
  const files = new Map<DocumentName, readonly NumberedFile[]>();
  const running = new Set<Promise<void>>();
  let isAllowed = true;
  const remove = async (name: DocumentName, file: PackageFile): Promise<void> => {
    try {
      await location.registry.removeFile(
        operationAt(location, 'delete', `an old ${name}`, { direction: 'of' }),
        file,
      );
    } catch (error) {
      // Other failures may pass, and the file is small.
      if (isRefusal(error)) isAllowed = false;
    }
  };
  return {
    replace(name, newest) {
      // GitLab did not return the file's id.
      if (newest.file.id === 0) return;
      const known = [...(files.get(name) ?? []), newest];
      const old = known.slice(0, -kept).filter(({ number }) => number > 0 || newest.number === 0);
      files.set(name, known.slice(-kept));
      for (const { file } of isAllowed ? old : []) {
        const removal = remove(name, file).finally(() => running.delete(removal));
        running.add(removal);
      }
    },
    async settled() {
      await Promise.all(running);
    },
  };
}

/** True for an answer that denies the request to this token for good. */
export function isRefusal(error: unknown): boolean {
  return [401, 403, 404, 405].includes(statusOf(error) ?? 0);
}
