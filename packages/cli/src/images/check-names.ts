import { UsageError, type PrepullImage } from '@drayage/core';

/**
 * Requires that every image can be found by its name alone.
 * @throws UsageError `USAGE` for a range of versions
 */
export function checkNames(images: readonly PrepullImage[]): void {
  const ranged = images
    .flatMap(({ candidates }) => candidates)
    .find(({ reference }) => reference === undefined);
  if (ranged === undefined) return;
  throw new UsageError('USAGE', `cannot save ${ranged.text} from the engine: it is a range of versions`, {
    hint: 'Name the tag that was built.',
  });
}
