import type { Digest } from '../image/digest.ts';
import { familiarReference, formatReference, type Reference } from '../image/reference.ts';

/** What a candidate means. */
export interface LocatedImage {
  readonly reference: Reference;
  /** Taken instead of what the reference names now. */
  readonly pinned?: Digest | undefined;
}

/** One of the alternatives for an image. */
export interface ImageCandidate {
  /** As one would write it: `my-base:main`, `postgres:^16`. */
  readonly text: string;
  /** Undefined where a registry must be asked first. */
  readonly reference?: Reference | undefined;
  /** @throws DrayError `REGISTRY_NOT_FOUND`, `TAG_NOT_FOUND`: the next candidate is tried */
  locate(signal?: AbortSignal): Promise<LocatedImage>;
}

/** An image to pre-pull. */
export interface PrepullImage {
  /** Names the request in messages and reports; no two requests of a run share it. */
  readonly text: string;
  /** In order of preference: the first that exists is taken. */
  readonly candidates: readonly ImageCandidate[];
  /** Further names that it gets in the engine. */
  readonly alsoNamed: readonly Reference[];
  /** Skipped, not failed, when no such image exists. */
  readonly optional: boolean;
  /** Where it was asked for: `compose.yaml:12`, `the command line`. */
  readonly origin?: string | undefined;
}

/** A candidate that is known by name. */
export function fixedCandidate(reference: Reference, pinned?: Digest): ImageCandidate {
  const located = { reference, pinned };
  return { text: familiarReference(reference), reference, locate: () => Promise.resolve(located) };
}

/** An image of one fixed name. */
export function fixedImage(reference: Reference, optional = false): PrepullImage {
  const text = familiarReference(reference);
  return { text, candidates: [fixedCandidate(reference)], alsoNamed: [], optional };
}

/**
 * Each image once, with the origin it was found at first, all its names, and required if any request requires
 * it.
 */
export function distinctImages(images: readonly PrepullImage[]): readonly PrepullImage[] {
  const byText = new Map<string, PrepullImage>();
  for (const image of images) {
    const first = byText.get(image.text) ?? image;
    const names = [...first.alsoNamed, ...image.alsoNamed];
    const alsoNamed = [...new Map(names.map((name) => [formatReference(name), name])).values()];
    byText.set(image.text, { ...first, alsoNamed, optional: first.optional && image.optional });
  }
  return [...byText.values()];
}
