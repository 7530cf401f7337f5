import type { Digest } from '../image/digest.ts';
import { familiarReference, formatReference, type Reference } from '../image/reference.ts';

/** The reference that a candidate resolves to. */
export interface LocatedImage {
  readonly reference: Reference;
  /** Fetched instead of the reference's current digest. */
  readonly pinned?: Digest | undefined;
}

/** One of the alternatives for an image. */
export interface ImageCandidate {
  /** As a user writes it: `my-base:main`, `postgres:^16`. */
  readonly text: string;
  /** Undefined when a registry must resolve it first. */
  readonly reference?: Reference | undefined;
  /** @throws DrayError `REGISTRY_NOT_FOUND`, `TAG_NOT_FOUND`: try the next candidate */
  locate(signal?: AbortSignal): Promise<LocatedImage>;
}

/** An image to pre-pull. */
export interface PrepullImage {
  /** Names the request in messages and reports; unique within a run. */
  readonly text: string;
  /** In order of preference: the first that exists is used. */
  readonly candidates: readonly ImageCandidate[];
  /** Additional names for the image in the engine. */
  readonly alsoNamed: readonly Reference[];
  /** Skip the image instead of failing when it does not exist. */
  readonly optional: boolean;
  /** Where it was requested: `compose.yaml:12`, `the command line`. */
  readonly origin?: string | undefined;
}

/** A candidate with a known reference. */
export function fixedCandidate(reference: Reference, pinned?: Digest): ImageCandidate {
  const located = { reference, pinned };
  return { text: familiarReference(reference), reference, locate: () => Promise.resolve(located) };
}

/** An image with one known reference. */
export function fixedImage(reference: Reference, optional = false): PrepullImage {
  const text = familiarReference(reference);
  return { text, candidates: [fixedCandidate(reference)], alsoNamed: [], optional };
}

/**
 * Removes duplicates: each image once, with its first origin and all its names, required if any request
 * requires it.
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
