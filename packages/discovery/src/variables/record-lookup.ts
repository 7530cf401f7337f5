import type { Lookup } from './expand.ts';

/** Looks variables up in a plain record; what every object inherits (`constructor`) is no variable. */
export function recordLookup(record: Readonly<Record<string, string | undefined>>): Lookup {
  return (name) => {
    const text = Object.hasOwn(record, name) ? record[name] : undefined;
    return text === undefined ? undefined : { text };
  };
}
