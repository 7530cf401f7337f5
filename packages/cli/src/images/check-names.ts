import { UsageError, type PrepullImage } from '@drayage/core';

/**
 * Requires that every image can be found by name, because an engine cannot search for versions.
 * @throws UsageError `USAGE` for a range of versions
 */
export function checkNames(images: readonly PrepullImage[]): void {
  const ranged = images
    .flatMap(({ candidates }) => candidates)
    .find(({ reference }) => reference === undefined);
  if (ranged === undefined) return;
  throw new UsageError('USAGE', `cannot save ${ranged.text} from the engine: it is a version range`, {
    hint: 'Use the tag that you built.',
  });
}
