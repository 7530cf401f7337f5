import { gcBundle, type BundleCollection } from '@drayage/core/bundle';
import { exitCodes } from '../exit-codes.ts';
import { counted, humanSize } from '../output/quantities.ts';
import type { CommandContext } from '../command.ts';

/** `dray bundle gc`. */
export async function runBundleGc({ config, host, signal }: CommandContext): Promise<number> {
  const collection = await gcBundle(config.bundle, signal);
  host.stdout.write(config.json ? `${JSON.stringify(collection)}\n` : collectionText(collection));
  return exitCodes.done;
}

/** A one-line summary. */
export function collectionText({ removed, partialsRemoved, bytesFreed }: BundleCollection): string {
  const partials = partialsRemoved === 0 ? '' : ` and ${counted(partialsRemoved, 'unfinished file')}`;
  return `${counted(removed.length, 'blob')}${partials} removed, ${humanSize(bytesFreed)} freed\n`;
}
