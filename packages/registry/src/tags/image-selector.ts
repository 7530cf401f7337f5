import { InvalidReferenceError, parseReference, printable, type Reference } from '@drayage/core';
import { parseTagRange, type TagRange } from './tag-range.ts';

/** A repository without a tag or digest. */
export type RepositoryName = Pick<Reference, 'registry' | 'repository'>;

/** One image, or the best match of a version range. */
export type ImageSelector =
  | { readonly kind: 'reference'; readonly reference: Reference }
  | { readonly kind: 'range'; readonly repository: RepositoryName; readonly range: TagRange };

// Tags cannot contain any of these.
const rangeCharacters = /[\^~<>=*|\s]/;

/**
 * An image as a user writes it: a reference as in docker, or one with a version range instead of the tag
 * (`postgres:^16`).
 * @throws InvalidReferenceError `REFERENCE_INVALID` that names the invalid part
 */
export function parseImageSelector(text: string): ImageSelector {
  const colon = text.lastIndexOf(':');
  const tagText = colon > text.lastIndexOf('/') && !text.includes('@') ? text.slice(colon + 1) : '';
  const range = tagText === '' ? undefined : parseTagRange(tagText);
  if (range !== undefined) {
    const { registry, repository } = parseReference(text.slice(0, colon));
    return { kind: 'range', repository: { registry, repository }, range };
  }
  if (rangeCharacters.test(tagText)) throw invalidRange(text, tagText);
  return { kind: 'reference', reference: parseReference(text) };
}

function invalidRange(text: string, tagText: string): InvalidReferenceError {
  const message = `cannot parse image reference "${printable(text, 300)}": "${printable(tagText, 140)}" is neither a tag nor a version range`;
  return new InvalidReferenceError('REFERENCE_INVALID', message, {
    hint: 'Write a range as ^16, ~22.11-alpine, ">=7 <8" or 7.x, with one tag suffix at its end.',
  });
}
