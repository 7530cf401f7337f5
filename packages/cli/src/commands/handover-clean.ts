import { UsageError, type ExpiryReport } from '@drayage/core';
import { exitCodes } from '../exit-codes.ts';
import { counted, humanSize } from '../output/quantities.ts';
import { openHandover, type Handover } from '../wiring/handover.ts';
import type { CommandContext } from '../command.ts';

/** What `dray handover clean --json` prints. */
export type HandoverCleanReport = ExpiryReport;

/** The age from which `clean` deletes bundles of a location that does not have its own time (ms): a week. */
const defaultAgeMs = 7 * 24 * 3_600_000;

/** `dray handover clean`. */
export async function runHandoverClean({ config, host, signal }: CommandContext): Promise<number> {
  const handover = requireHandover(await openHandover(config, host), 'clean');
  try {
    const own = await handover.forgetPipeline?.(signal);
    const expired =
      own?.refusal === undefined
        ? await handover.expire?.(signal, config.expiresMs ?? defaultAgeMs)
        : undefined;
    const refusal = own?.refusal ?? expired?.refusal;
    const report: HandoverCleanReport = {
      deletedFiles: (own?.deletedFiles ?? 0) + (expired?.deletedFiles ?? 0),
      deletedBytes: (own?.deletedBytes ?? 0) + (expired?.deletedBytes ?? 0),
      refusal,
    };
    host.stdout.write(config.json ? `${JSON.stringify(report)}\n` : cleanText(report));
  } finally {
    await handover.close();
  }
  return exitCodes.done;
}

/** @throws UsageError `USAGE` without a location */
export function requireHandover(handover: Handover | undefined, verb: string): Handover {
  if (handover !== undefined) return handover;
  throw new UsageError('USAGE', `cannot ${verb} the handover: no location given`, {
    hint: 'Name the location that the pre-pull uses.',
  });
}

/** One or two lines. */
export function cleanText({ deletedFiles, deletedBytes, refusal }: HandoverCleanReport): string {
  const line = `${counted(deletedFiles, 'file')} deleted, ${humanSize(deletedBytes)} freed\n`;
  return refusal === undefined ? line : `${line}the rest stays: ${refusal}\n`;
}
