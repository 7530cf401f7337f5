import {
  formatPlatform,
  formatReference,
  parsePlatform,
  parseReference,
  printable,
  reasonOf,
  tryParseReference,
} from '@drayage/core';
import type { Discovery, DiscoveredImage, DiscoveryProblem } from './discovery.ts';
import { stepsOf, type WorkMeter } from './work-meter.ts';
import type { Issue, Place } from './place.ts';

/** The text of an image, expanded, and the issues of its expansion. */
export interface FoundImage {
  readonly text: string;
  readonly place: Place;
  readonly what: string;
  readonly platform?: string | undefined;
  /** It is pulled, if that works, even where a build makes it: the file says so by its pull policy. */
  readonly isPulledIfBuilt?: boolean | undefined;
  readonly issues?: readonly Issue[] | undefined;
}

/** A problem; without `severity` it is an error. */
export interface FoundProblem {
  readonly place: Pick<Place, 'file'> & { readonly line?: number | undefined };
  readonly what: string;
  readonly reason: string;
  readonly hint?: string | undefined;
  readonly severity?: DiscoveryProblem['severity'] | undefined;
}

/** Collects images and problems; each is kept once, even if it is added several times. */
export interface Findings {
  /** Adds an image; adds a problem instead when its text is not a reference or an issue is an error. */
  addImage(image: FoundImage): void;
  addProblem(problem: FoundProblem): void;
  /** Notes a name that a build makes. Text that is not a reference is ignored. */
  addBuilt(name: string): void;
  /** The names that builds make, in canonical form. */
  readonly built: ReadonlySet<string>;
  /** What was found, without the images that are `built` (canonical names), here or by other files. */
  result(built: ReadonlySet<string>): Discovery;
}

/** An image and what decides whether it counts. */
interface Candidate {
  readonly image: DiscoveredImage;
  readonly canonical: string;
  readonly isPulledIfBuilt: boolean;
}

/** An empty collection. `display` turns the absolute path of a place into what the user reads. */
export function createFindings(display: (path: string) => string, meter: WorkMeter): Findings {
  const images = new Map<string, Candidate>();
  const built = new Set<string>();
  const problems = new Map<string, DiscoveryProblem>();

  function addProblem({ place, what, reason, hint, severity = 'error' }: FoundProblem): void {
    meter.spend(stepsOf.finding, { place });
    const problem = {
      file: display(place.file),
      line: place.line,
      what: printable(what, 300),
      reason: printable(reason, 500),
      ...(hint === undefined ? {} : { hint: printable(hint, 500) }),
      severity,
    };
    problems.set(JSON.stringify(problem), problem);
  }

  function addImage(found: FoundImage): void {
    const { place, what, issues = [], isPulledIfBuilt = false } = found;
    meter.spend(stepsOf.finding + found.text.length, { place });
    const fault = faultOf(found);
    if (fault !== undefined) {
      addProblem({ place, what, ...fault });
      return;
    }
    for (const issue of issues) addProblem({ place, what, ...issue });
    const platform = readPlatform(found, addProblem);
    if (platform === 'invalid') return;
    const image = {
      text: found.text,
      file: display(place.file),
      line: place.line,
      what: printable(what, 300),
      platform,
    };
    const canonical = formatReference(parseReference(found.text));
    images.set(JSON.stringify(image), { image, canonical, isPulledIfBuilt });
  }

  function addBuilt(name: string): void {
    const reference = tryParseReference(name);
    if (reference !== undefined) built.add(formatReference(reference));
  }

  return {
    addImage,
    addProblem,
    addBuilt,
    built,
    result: (allBuilt) => ({
      images: [...images.values()].flatMap((candidate) => withoutBuilt(candidate, allBuilt)),
      problems: [...problems.values()],
    }),
  };
}

function withoutBuilt(
  { image, canonical, isPulledIfBuilt }: Candidate,
  built: ReadonlySet<string>,
): readonly DiscoveredImage[] {
  if (!built.has(canonical)) return [image];
  return isPulledIfBuilt ? [{ ...image, isOptional: true }] : [];
}

/**
 * Why the text cannot be used: the first cause, since an unset variable explains a broken reference better
 * than the grammar does.
 */
function faultOf({ text, issues = [] }: FoundImage): Pick<FoundProblem, 'reason' | 'hint'> | undefined {
  const error = issues.find(({ severity }) => severity === 'error');
  if (error !== undefined) return { reason: error.reason, hint: error.hint };
  try {
    parseReference(text);
    return undefined;
  } catch (parseError) {
    const [cause] = issues;
    if (cause !== undefined) {
      return {
        reason: `"${printable(text.slice(0, 201), 200)}" is not an image reference: ${cause.reason}`,
        hint: cause.hint,
      };
    }
    return { reason: reasonOf(parseError), hint: hintOf(parseError) };
  }
}

function hintOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('hint' in error)) return undefined;
  return typeof error.hint === 'string' ? error.hint : undefined;
}

function readPlatform(
  { platform, place, what }: FoundImage,
  addProblem: (problem: FoundProblem) => void,
): string | undefined {
  if (platform === undefined || platform === '' || platform === 'linux') return undefined;
  try {
    // Engines read a bare architecture as one on Linux.
    return formatPlatform(parsePlatform(platform.includes('/') ? platform : `linux/${platform}`));
  } catch (error) {
    addProblem({ place, what, reason: reasonOf(error), hint: hintOf(error) });
    return 'invalid';
  }
}
