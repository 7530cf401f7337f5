import { isDrayError } from '@drayage/core';
import type { Host } from '../host.ts';
import { parseDuration } from '../options/duration.ts';

/**
 * The time limit (ms); undefined: no limit. Reports a mistake in it only on stderr, because it must not fail
 * the job.
 */
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
