import { UsageError, printable, type PlaceContents } from '@drayage/core';
import { exitCodes } from '../exit-codes.ts';
import { formatTable } from '../output/columns.ts';
import { counted, humanDuration, humanSize } from '../output/quantities.ts';
import { openHandover } from '../wiring/handover.ts';
import type { CommandContext } from '../command.ts';
import { requireHandover } from './handover-clean.ts';

/** `dray handover list`. */
export async function runHandoverList({ config, host, signal }: CommandContext): Promise<number> {
  const handover = requireHandover(await openHandover(config, host), 'list');
  try {
    if (handover.contents === undefined) {
      throw new UsageError('USAGE', `cannot list ${handover.location}: it holds one bundle`, {
        hint: 'Use "dray bundle inspect" for a directory.',
      });
    }
    const contents = await handover.contents(signal);
    host.stdout.write(config.json ? `${JSON.stringify(contents)}\n` : contentsText(contents));
  } finally {
    await handover.close();
  }
  return exitCodes.done;
}

/** A line for each bundle, and one in total. */
export function contentsText({ bundles, blobs, blobBytes }: PlaceContents): string {
  const rows = bundles.map(({ key, ageMs, isRunning }) => [
    printable(key),
    ageMs === undefined ? 'of unknown age' : `${humanDuration(ageMs)} old`,
    isRunning === true ? 'running' : '',
  ]);
  const lines = formatTable(rows);
  const shared = blobs === undefined ? '' : `, ${counted(blobs, 'blob')}, ${humanSize(blobBytes ?? 0)}`;
  return `${lines.map((line) => `${line}\n`).join('')}${counted(bundles.length, 'bundle')}${shared}\n`;
}
