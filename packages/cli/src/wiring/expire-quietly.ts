import { DrayError, reasonOf } from '@drayage/core';
import type { CommandContext } from '../command.ts';
import type { Handover } from './handover.ts';

/** Time limit (ms); the next run deletes the rest. */
const limitMs = 20_000;

/**
 * Deletes expired files at the handover location, for 20 s at most. Best effort: failures become warnings.
 */
export async function expireQuietly(
  handover: Handover,
  { signal, config }: Pick<CommandContext, 'signal' | 'config'>,
  warn: (message: string) => void,
): Promise<void> {
  if (signal.aborted) return;
  try {
    const report = await handover.expire?.(
      AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
      config.expiresMs,
    );
    if (report?.refusal !== undefined) warn(`cannot delete expired files: ${report.refusal}`);
  } catch (error) {
    if (!(error instanceof DrayError)) throw error;
    if (error.code !== 'ABORTED') warn(`cannot delete expired files: ${reasonOf(error)}`);
  }
}
