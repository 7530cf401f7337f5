import {
  UsageError,
  familiarName,
  isDrayError,
  parseReference,
  printable,
  tryParseReference,
} from '@drayage/core';
import { expandVariables, type Variables } from './variables.ts';
import type { Reference } from '@drayage/core';
import type { ImageRequest, PlacedText } from '../options/option.ts';

/**
 * Expands the variables of a text.
 * @throws UsageError `VARIABLE_MISSING`, `CONFIG_INVALID`, with the place
 */
export function expandText({ text, place }: PlacedText, variables: Variables): string {
  return expandVariables(text, variables, placeName(place)).trim();
}

/**
 * Expands the variables of a text and parses it as a reference.
 * @throws UsageError as {@link expandText}, `REFERENCE_INVALID`
 */
export function expandReference(placed: PlacedText, variables: Variables): Reference {
  const text = expandText(placed, variables);
  return parsedAt(placed, text, () => parseReference(text));
}

/** A place as messages name it. */
export function placeName(place: string): string {
  return place === '' ? 'the command line' : place;
}

/** The result of `parse`; adds the place to its error. @throws UsageError `REFERENCE_INVALID` */
export function parsedAt<Result>(placed: PlacedText, text: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    if (!isDrayError(error, 'REFERENCE_INVALID')) throw error;
    const place = placed.place === '' ? '' : `${placed.place}: `;
    const isOfVariable = placed.text.includes('${') && /[^A-Za-z0-9_.-]/.test(text.replace(/^.*:/, ''));
    const hint = isOfVariable
      ? 'Write ${NAME|slug} if the value of a variable is not a valid tag.'
      : error.hint;
    throw new UsageError('REFERENCE_INVALID', `${place}${error.message}`, {
      cause: error,
      hint,
    });
  }
}

/** The images whose names are known without asking a registry: no alternatives, ranges or unset variables. */
export function knownReferences(
  requests: readonly ImageRequest[],
  variables: Variables,
): readonly Reference[] {
  return requests.flatMap(({ image, tags }) => {
    if (tags.length > 1) return [];
    try {
      const name = expandText(image, variables);
      const [tag] = tags;
      const reference = tryParseReference(tag === undefined ? name : `${name}:${expandText(tag, variables)}`);
      return reference === undefined ? [] : [reference];
    } catch (error) {
      if (isDrayError(error, 'VARIABLE_MISSING')) return [];
      throw error;
    }
  });
}

/**
 * The name of an image with separate `tags`.
 * @throws UsageError `CONFIG_INVALID` if the name has a tag itself
 */
export function untaggedName(placed: PlacedText, variables: Variables): string {
  const text = expandText(placed, variables);
  const { digest, ...reference } = parsedAt(placed, text, () => parseReference(text));
  if (digest === undefined && !/:[^/]*$/.test(text)) return familiarName(reference);
  throw new UsageError(
    'CONFIG_INVALID',
    `${placeName(placed.place)}: "${printable(text, 200)}" has a tag or digest in addition to "tags"`,
    { hint: 'Remove it, or move it to "tags".' },
  );
}
