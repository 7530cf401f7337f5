import { familiarName, fixedCandidate, isDrayError, printable } from '@drayage/core';
import type { ImageCandidate, PrepullImage, TagSource } from '@drayage/core';
import type { Variables } from './variables.ts';
import { parseImageSelector, resolveTag } from '@drayage/registry';
import type { ImageRequest, PlacedText } from '../options/option.ts';
import { expandReference, expandText, parsedAt, placeName, untaggedName } from './expand.ts';

export interface RequestContext {
  readonly variables: Variables;
  /** Lists the tags that a version range chooses from. */
  readonly tags: TagSource;
  /** Receives a line for each alternative that is left out. */
  readonly note: (line: string) => void;
}

/**
 * A requested image with its variables expanded. Undefined for an optional image if each of its tags
 * has an unset variable.
 * @throws UsageError `VARIABLE_MISSING`, `REFERENCE_INVALID`, `CONFIG_INVALID`, with the place
 */
export function requestedImage(request: ImageRequest, context: RequestContext): PrepullImage | undefined {
  const candidates = candidatesOf(request, context);
  const [first] = candidates;
  if (first === undefined) return undefined;
  return {
    text: candidates.length === 1 ? first.text : alternativesText(request, candidates, context),
    candidates,
    alsoNamed: request.as.map((name) => expandReference(name, context.variables)),
    optional: request.optional,
    origin: placeName(request.image.place),
  };
}

function candidatesOf(request: ImageRequest, context: RequestContext): readonly ImageCandidate[] {
  const { image, tags } = request;
  if (tags.length === 0) {
    const text = expandText(image, context.variables);
    return [candidate(request, image, text, context)];
  }
  const name = untaggedName(image, context.variables);
  const texts = distinct(availableTags(request, tags, context));
  return texts.map(({ placed, text }) => candidate(request, placed, `${name}:${text}`, context));
}

interface ExpandedTag {
  readonly placed: PlacedText;
  readonly text: string;
}

/**
 * Leaves out tags with an unset variable if there are several: the pipeline of a git tag has no
 * branch.
 */
function availableTags(
  request: ImageRequest,
  tags: readonly PlacedText[],
  { variables, note }: RequestContext,
): readonly ExpandedTag[] {
  const missing: unknown[] = [];
  const available = tags.flatMap((placed) => {
    try {
      return [{ placed, text: expandText(placed, variables) }];
    } catch (error) {
      if (tags.length === 1 || !isDrayError(error, 'VARIABLE_MISSING')) throw error;
      missing.push(error);
      note(`${printable(request.image.text)}  tag ${printable(placed.text)} left out: ${error.message}`);
      return [];
    }
  });
  if (available.length === 0 && !request.optional) throw missing[0];
  return available;
}

function candidate(
  { prerelease }: ImageRequest,
  placed: PlacedText,
  text: string,
  { tags }: RequestContext,
): ImageCandidate {
  const selector = parsedAt(placed, text, () => parseImageSelector(text));
  if (selector.kind === 'reference') return fixedCandidate(selector.reference);
  return {
    text: `${familiarName(selector.repository)}:${selector.range.text}`,
    async locate(signal) {
      const how = { prereleases: prerelease, signal };
      return { reference: await resolveTag(tags, selector, how) };
    },
  };
}

function alternativesText(
  { image }: ImageRequest,
  candidates: readonly ImageCandidate[],
  { variables }: RequestContext,
): string {
  const name = untaggedName(image, variables);
  return `${name}:{${candidates.map(({ text }) => text.slice(name.length + 1)).join(',')}}`;
}

function distinct(tags: readonly ExpandedTag[]): readonly ExpandedTag[] {
  return [...new Map([...tags].reverse().map((tag) => [tag.text, tag])).values()].reverse();
}
