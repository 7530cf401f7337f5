import { UsageError, printable } from '@drayage/core';
import type { Place } from './place.ts';

/** Where work is done, and for which variable. */
export interface WorkPlace {
  readonly place: Pick<Place, 'file'> & { readonly line?: number | undefined };
  readonly variable?: string | undefined;
}

/**
 * Limits the work of one discovery. A few lines of nested variables, aliases, `extends` or includes can stand
 * for billions of characters; the meter stops them after a count of steps, never after a time.
 */
export interface WorkMeter {
  /** Counts `steps`, about one for a character. @throws DrayError `DISCOVERY_FAILED` past the limit */
  spend(steps: number, at: WorkPlace): void;
  /**
   * @throws DrayError `DISCOVERY_FAILED` when an expanded text has more than {@link maxTextLength}
   *   characters
   */
  checkLength(length: number, at: WorkPlace): void;
}

/** Characters that one expanded text may have; GitLab has the same limit for interpolated text. */
export const maxTextLength = 1_000_000;

/** Steps of one discovery. A rendered chart of 16 MB takes about 25 million. */
const maxSteps = 50_000_000;

/** What some kinds of work count, in steps. */
export const stepsOf = { visit: 5, node: 20, lookup: 50, glob: 4, finding: 400, file: 20_000 } as const;

/** A meter at zero. `display` turns an absolute path into what the user reads. */
export function createWorkMeter(display: (path: string) => string, limit: number = maxSteps): WorkMeter {
  let spent = 0;

  function tooMuch({ place, variable }: WorkPlace, reason: string): UsageError {
    const shown = printable(display(place.file), 300);
    const where = place.line === undefined ? shown : `${shown}:${String(place.line)}`;
    const name = variable === undefined ? undefined : printable(variable, 100);
    const subject = name === undefined ? `the text at ${where}` : `the variable "${name}" at ${where}`;
    return new UsageError('DISCOVERY_FAILED', `cannot expand ${subject}: ${reason}`, {
      hint: 'Remove what repeats itself: variables, aliases, includes or extends that double at every level.',
      details: { file: display(place.file), line: place.line, variable: name },
    });
  }

  return {
    spend(steps, at) {
      spent += steps;
      if (spent > limit) throw tooMuch(at, `expansion takes more than ${String(limit)} steps`);
    },
    checkLength(length, at) {
      if (length <= maxTextLength) return;
      throw tooMuch(at, `the result has more than ${String(maxTextLength)} characters`);
    },
  };
}

/** The place of some work with the meter that counts it. */
export interface Work {
  readonly meter: WorkMeter;
  readonly place: Place;
}
