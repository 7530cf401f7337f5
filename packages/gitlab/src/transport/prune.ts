import type { DocumentName } from '@drayage/core';
import { operationAt, statusOf } from '@drayage/http';
import type { PackageFile } from '../api/package-registry.ts';
import type { NumberedFile } from './file-names.ts';
import type { BundleLocation } from './bundle-location.ts';

/** Removes replaced documents in the background; failures are ignored. */
export interface Pruner {
  /**
   * `newest` replaced earlier files. Keeps the plain name even if numbered files follow: it shows
   * readers that the document exists.
   */
  replace(name: DocumentName, newest: NumberedFile): void;
  /** Resolves when all removals have ended. */
  settled(): Promise<void>;
}

/**
 * How many of the newest files to keep: a reader can be at the last but one; two with one name show that
 * duplicates are allowed.
 */
const kept = 2;

/**
 * Stops when the token is refused permission to delete; the files go when their pipeline's version
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
      // Other failures can be temporary, and the file is small.
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

/** True for a response that denies this token permanently. */
export function isRefusal(error: unknown): boolean {
  return [401, 403, 404, 405].includes(statusOf(error) ?? 0);
}
