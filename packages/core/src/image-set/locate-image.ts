import { RegistryError, isDrayError } from '../errors.ts';
import type { LocatedImage, PrepullImage } from './prepull-image.ts';

/**
 * Tries the candidates of an image in order and returns what `use` returns for the first that exists. Only a
 * missing image leads to the next candidate; a registry that refuses or fails does not.
 * @throws RegistryError `REGISTRY_NOT_FOUND` that names all candidates when none exists; whatever else a
 * candidate or `use` throws
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

/** True when the error means that the image does not exist. */
export function isAbsence(error: unknown): boolean {
  return isDrayError(error, 'REGISTRY_NOT_FOUND', 'TAG_NOT_FOUND', 'ENGINE_IMAGE_NOT_FOUND');
}
