import type { DocumentName } from '@drayage/core';
import type { PackageFile } from '../api/package-registry.ts';
import { statusOf } from '../api/failures.ts';
import type { NumberedFile } from './file-names.ts';
import { operationAt } from './place.ts';
import type { Place } from './place.ts';

/** Removes what a later write has replaced. Nobody waits for it, and it fails nothing. */
export interface Pruner {
  /**
   * `newest` took the place of what was written before. The plain name stays when numbered ones follow: by it a reader finds out that there
   * is a document.
   */
  replace(name: DocumentName, newest: NumberedFile): void;
  /** Resolves when nothing is being removed any more. */
  settled(): Promise<void>;
}

/** How many of the newest files stay: readers may be at the last but one, and two files of one name tell that duplicates are allowed. */
const kept = 2;

/** Where the token may not delete, the first refusal is the last attempt; the files go with their pipeline's version, when that expires. */
export function createPruner(place: Place): Pruner {
  const files = new Map<DocumentName, readonly NumberedFile[]>();
  const running = new Set<Promise<void>>();
  let isAllowed = true;
  const remove = async (name: DocumentName, file: PackageFile): Promise<void> => {
    try {
      await place.registry.removeFile(
        operationAt(place, 'delete', `an old ${name}`, { direction: 'of' }),
        file,
      );
    } catch (error) {
      // Anything but a refusal may pass, and what stays behind is small.
      if (isRefusal(error)) isAllowed = false;
    }
  };
  return {
    replace(name, newest) {
      // GitLab did not tell which file it is.
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

/** True for an answer that says that this token may not do it, now or later. */
export function isRefusal(error: unknown): boolean {
  return [401, 403, 404, 405].includes(statusOf(error) ?? 0);
}
