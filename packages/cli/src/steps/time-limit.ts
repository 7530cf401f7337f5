import { isDrayError } from '@drayage/core';
import type { Host } from '../host.ts';
import { parseDuration } from '../options/duration.ts';

/** In ms; undefined: no limit. A mistake in it is written to stderr, as a pre-pull with one fails no job. */
export function readTimeLimit(
  text: string | undefined,
  { stderr }: Pick<Host, 'stderr'>,
): number | undefined | 'invalid' {
  if (text === undefined) return undefined;
  try {
    return parseDuration(text);
  } catch (error) {
    if (!isDrayError(error)) throw error;
    stderr.write(`dray: DRAY_TIME_LIMIT: ${error.message}\n`);
    return 'invalid';
  }
}
