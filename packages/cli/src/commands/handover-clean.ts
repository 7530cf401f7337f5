import { UsageError } from '@drayage/core';
import { exitCodes } from '../exit-codes.ts';
import { counted, humanSize } from '../output/quantities.ts';
import { openHandover } from '../wiring/handover.ts';
import type { CommandContext } from '../command.ts';

/** What `dray handover clean --json` prints. */
export interface HandoverCleanReport {
  readonly deletedFiles: number;
  readonly deletedBytes: number;
  /** Why files that should be gone remain. */
  readonly refusal?: string | undefined;
}

/** `dray handover clean`. */
export async function runHandoverClean({ config, host, signal }: CommandContext): Promise<number> {
  const handover = await openHandover(config, host);
  if (handover === undefined) {
    throw new UsageError('USAGE', 'cannot clean the handover: no location given', {
      hint: 'Pass --handover with the location that the pre-pull uses.',
    });
  }
  try {
    const own = await handover.forgetPipeline?.(signal);
    const expired = own?.refusal === undefined ? await handover.expire?.(signal) : undefined;
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

/** One or two lines. */
export function cleanText({ deletedFiles, deletedBytes, refusal }: HandoverCleanReport): string {
  const line = `${counted(deletedFiles, 'file')} deleted, ${humanSize(deletedBytes)} freed\n`;
  return refusal === undefined ? line : `${line}the rest stays: ${refusal}\n`;
}
