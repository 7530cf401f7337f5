import { DrayError, reasonOf } from '@drayage/core';
import type { CommandContext } from '../commands/command.ts';
import type { Handover } from './handover.ts';

/** What is not deleted by then is deleted by the next run (ms). */
const limitMs = 20_000;

/**
 * Deletes what has expired at the handover, if something does. Nobody waits for it for long, and it fails nothing: that there was something
 * to delete and it could not be is told.
 */
export async function expireQuietly(
  handover: Handover,
  { signal }: Pick<CommandContext, 'signal'>,
  warn: (message: string) => void,
): Promise<void> {
  if (signal.aborted) return;
  try {
    const report = await handover.expire?.(AbortSignal.any([signal, AbortSignal.timeout(limitMs)]));
    if (report?.refusal !== undefined) warn(`expired files stay: ${report.refusal}`);
  } catch (error) {
    if (!(error instanceof DrayError)) throw error;
    if (error.code !== 'ABORTED') warn(`expired files stay: ${reasonOf(error)}`);
  }
}
