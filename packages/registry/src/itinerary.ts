import type { DrayError, Reference } from '@drayage/core';
import { isDrayError } from '@drayage/core';
import type { MirrorSettings } from './mirrors.ts';
import { parseMirrorUrl } from './mirrors.ts';
import type { Place } from './places.ts';
import { isSameRegistry, mirrorPlace, originPlace } from './places.ts';

/** A mirror that did not deliver, so that the next place was asked. */
export interface MirrorFailure {
  /** `host[:port]` of the mirror. */
  readonly mirror: string;
  /** The registry that it mirrors. */
  readonly registry: string;
  /** The repository's real name. */
  readonly repository: string;
  readonly error: DrayError;
}

export interface ItineraryOptions {
  readonly mirrors: MirrorSettings;
  readonly insecureRegistries: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told once per mirror, repository and kind of failure. */
  readonly onMirrorFailure: (failure: MirrorFailure) => void;
}

type Named = Pick<Reference, 'registry' | 'repository'>;

/** The way from mirror to mirror and at last to the registry itself. */
export interface Itinerary {
  /**
   * What `run` makes of the first place where it succeeds; mirrors whose key is in `except` are left out. Whatever goes wrong at a mirror, the next
   * place is asked, except when the caller gave up; what goes wrong at the registry itself is thrown.
   */
  first<T>(reference: Named, run: (place: Place) => Promise<T>, except?: ReadonlySet<string>): Promise<T>;
  /** Tells the listener of a mirror that failed outside of `first`. */
  report(reference: Named, place: Place, error: DrayError): void;
}

// For a pull of many layers a mirror that is down shall cost its time limit once.
const leftAloneMs = 60_000;

/** @throws UsageError `CONFIG_INVALID` for a mirror that is no URL */
export function createItinerary(options: ItineraryOptions): Itinerary {
  const { insecureRegistries, now } = options;
  const mirrors = Object.entries(options.mirrors).map(([registry, urls]) => ({
    registry,
    mirrors: urls.map(parseMirrorUrl),
  }));
  const mirrorsOf = ({ registry, repository }: Named): readonly Place[] =>
    mirrors
      .filter((entry) => isSameRegistry(entry.registry, registry))
      .flatMap((entry) => entry.mirrors)
      .map((mirror) => mirrorPlace(mirror, repository, insecureRegistries));
  const leftAloneUntil = new Map<string, number>();
  const report = createReport(options.onMirrorFailure);
  return {
    report,
    async first(reference, run, except) {
      for (const place of mirrorsOf(reference)) {
        if (except?.has(place.key) === true || now() < (leftAloneUntil.get(place.key) ?? 0)) continue;
        try {
          return await run(place);
        } catch (error) {
          if (!isDrayError(error) || error.code === 'ABORTED') throw error;
          if (error.code === 'REGISTRY_UNREACHABLE') leftAloneUntil.set(place.key, now() + leftAloneMs);
          report(reference, place, error);
        }
      }
      return run(originPlace(reference, insecureRegistries));
    },
  };
}

function createReport(tell: (failure: MirrorFailure) => void): Itinerary['report'] {
  const told = new Set<string>();
  return ({ registry, repository }, place, error) => {
    const key = `${place.key} ${registry} ${repository} ${error.code}`;
    if (told.has(key)) return;
    told.add(key);
    tell({ mirror: place.registry, registry, repository, error });
  };
}
