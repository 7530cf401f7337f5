import { RegistryError, isDrayError } from '../errors.ts';
import type { LocatedImage, PrepullImage } from './prepull-image.ts';

/**
 * Tries the candidates of an image in order and gives what `use` makes of the first that exists. Only absence leads to the next candidate:
 * a registry that refuses or fails is no reason to take another tag.
 * @throws RegistryError `REGISTRY_NOT_FOUND` that names them all when none exists; whatever else a candidate or `use` throws
 */
export async function firstExisting<Result>(
  image: PrepullImage,
  use: (located: LocatedImage) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const absences: unknown[] = [];
  for (const candidate of image.candidates) {
    try {
      return await use(await candidate.locate(signal));
    } catch (error) {
      if (!isAbsence(error)) throw error;
      absences.push(error);
    }
  }
  if (absences.length === 1) throw absences[0];
  const texts = image.candidates.map(({ text }) => text).join(', ');
  throw new RegistryError('REGISTRY_NOT_FOUND', `cannot find ${image.text}: none of ${texts} exists`, {
    hint: 'Push one of them, add a tag that always exists, or make the image optional.',
    cause: absences.at(-1),
  });
}

/** True for an error that says: there is no such image. */
export function isAbsence(error: unknown): boolean {
  return isDrayError(error, 'REGISTRY_NOT_FOUND', 'TAG_NOT_FOUND', 'ENGINE_IMAGE_NOT_FOUND');
}
