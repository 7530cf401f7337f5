import type { Digest } from '../image/digest.ts';
import { familiarReference, formatReference, type Reference } from '../image/reference.ts';

/** What a candidate has turned out to mean. */
export interface LocatedImage {
  readonly reference: Reference;
  /** What the reference shall name, whatever it names now in the registry. */
  readonly pinned?: Digest | undefined;
}

/** One of the alternatives for an image. */
export interface ImageCandidate {
  /** As one would write it: `my-base:main`, `postgres:^16`. */
  readonly text: string;
  /** Canonical, where it is known without asking anybody. */
  readonly reference?: Reference | undefined;
  /** @throws DrayError `REGISTRY_NOT_FOUND`, `TAG_NOT_FOUND` when there is none: the next candidate is tried */
  locate(signal?: AbortSignal): Promise<LocatedImage>;
}

/** An image that a pre-pull shall bring. */
export interface PrepullImage {
  /** Names the request in messages and reports; no two requests of a run share it. */
  readonly text: string;
  /** In order of preference: the first that exists is taken. */
  readonly candidates: readonly ImageCandidate[];
  /** Further names that it shall have in the engine. */
  readonly alsoNamed: readonly Reference[];
  /** When no such image exists, it is skipped without a fuss. */
  readonly optional: boolean;
  /** Where it was asked for: `compose.yaml:12`, `the command line`. */
  readonly origin?: string | undefined;
}

/** A candidate that needs no looking up. */
export function fixedCandidate(reference: Reference, pinned?: Digest): ImageCandidate {
  const located = { reference, pinned };
  return { text: familiarReference(reference), reference, locate: () => Promise.resolve(located) };
}

/** An image of one fixed name. */
export function fixedImage(reference: Reference, optional = false): PrepullImage {
  const text = familiarReference(reference);
  return { text, candidates: [fixedCandidate(reference)], alsoNamed: [], optional };
}

/** Each image once; asked for twice, once as required, it is required. */
export function distinctImages(images: readonly PrepullImage[]): readonly PrepullImage[] {
  const byText = new Map<string, PrepullImage>();
  for (const image of images) {
    const other = byText.get(image.text);
    const names = [...(other?.alsoNamed ?? []), ...image.alsoNamed];
    const alsoNamed = [...new Map(names.map((name) => [formatReference(name), name])).values()];
    byText.set(image.text, { ...image, alsoNamed, optional: image.optional && (other?.optional ?? true) });
  }
  return [...byText.values()];
}
