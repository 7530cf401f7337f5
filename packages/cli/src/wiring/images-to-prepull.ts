import { UsageError, formatReference } from '@drayage/core';
import type { PrepullImage, Reference } from '@drayage/core';
import type { Config } from '../options/option.ts';

/** The images of a pre-pull, each once, required ones first. @throws UsageError `USAGE` when there is none */
export function imagesToPrepull({
  images,
  optional,
}: Pick<Config, 'images' | 'optional'>): readonly PrepullImage[] {
  const distinct = new Map<string, PrepullImage>();
  const add = (reference: Reference, isOptional: boolean): void => {
    const name = formatReference(reference);
    if (!distinct.has(name)) distinct.set(name, { reference, optional: isOptional });
  };
  for (const reference of images) add(reference, false);
  for (const reference of optional) add(reference, true);
  if (distinct.size > 0) return [...distinct.values()];
  throw new UsageError('USAGE', 'cannot pre-pull: no image is given', {
    hint: 'Name images as arguments, in DRAY_IMAGES or under "images" in .dray.yml.',
  });
}
