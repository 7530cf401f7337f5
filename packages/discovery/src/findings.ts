import { formatPlatform, parsePlatform, parseReference, printable, reasonOf } from '@drayage/core';
import type { Discovery, DiscoveredImage, DiscoveryProblem } from './discovery.ts';
import type { Issue, Place } from './place.ts';

/** The text of an image, expanded, with what went wrong on the way. */
export interface FoundImage {
  readonly text: string;
  readonly place: Place;
  readonly what: string;
  readonly platform?: string | undefined;
  readonly issues?: readonly Issue[] | undefined;
}

/** Something that went wrong; without `severity` it is an error. */
export interface FoundProblem {
  readonly place: Pick<Place, 'file'> & { readonly line?: number | undefined };
  readonly what: string;
  readonly reason: string;
  readonly hint?: string | undefined;
  readonly severity?: DiscoveryProblem['severity'] | undefined;
}

/** Collects images and problems; each is kept once, however often it is added. */
export interface Findings {
  /** Adds an image; when its text is no reference or an issue is an error, adds a problem instead. */
  addImage(image: FoundImage): void;
  addProblem(problem: FoundProblem): void;
  result(): Discovery;
}

/** An empty collection. `display` turns the absolute path of a place into what the user reads. */
export function createFindings(display: (path: string) => string): Findings {
  const images = new Map<string, DiscoveredImage>();
  const problems = new Map<string, DiscoveryProblem>();

  function addProblem({ place, what, reason, hint, severity = 'error' }: FoundProblem): void {
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
    const { place, what, issues = [] } = found;
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
    images.set(JSON.stringify(image), image);
  }

  return {
    addImage,
    addProblem,
    result: () => ({ images: [...images.values()], problems: [...problems.values()] }),
  };
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
      return { reason: `"${text}" is no image reference: ${cause.reason}`, hint: cause.hint };
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
    // Engines take a bare architecture for one on Linux.
    return formatPlatform(parsePlatform(platform.includes('/') ? platform : `linux/${platform}`));
  } catch (error) {
    addProblem({ place, what, reason: reasonOf(error), hint: hintOf(error) });
    return 'invalid';
  }
}
