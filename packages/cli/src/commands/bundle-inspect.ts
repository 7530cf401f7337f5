import { inspectBundle, type BundleInspection, type InspectedImage } from '@drayage/core/bundle';
import { shortDigest } from '@drayage/core';
import { exitCodes } from '../exit-codes.ts';
import { formatTable } from '../output/columns.ts';
import { counted, humanSize } from '../output/quantities.ts';
import type { CommandContext } from '../command.ts';

/** `dray bundle inspect`. */
export async function runBundleInspect({ config, host, signal }: CommandContext): Promise<number> {
  const inspection = await inspectBundle(config.bundle, signal);
  host.stdout.write(config.json ? `${JSON.stringify(inspection)}\n` : inspectionText(inspection));
  return exitCodes.done;
}

/** A table with one row per image, and a line with the totals. */
export function inspectionText({ images, packs, blobs, bytes, status }: BundleInspection): string {
  const rows = images.map((image) => [
    image.reference ?? '(no name)',
    image.platform ?? '?',
    String(image.layers),
    humanSize(image.bytes),
    image.manifestDigest ?? image.targetDigest,
    completeness(image),
  ]);
  const header = ['IMAGE', 'PLATFORM', 'LAYERS', 'SIZE', 'MANIFEST', ''];
  const table = rows.length === 0 ? [] : formatTable([header, ...rows], [2, 3]);
  const state = typeof status?.['state'] === 'string' ? `; pre-pull ${status['state']}` : '';
  const packed = packs.map(
    ({ digest, filesystem, layers, bytes: size }) =>
      `pack ${shortDigest(digest)}: ${filesystem}, ${counted(layers, 'layer')}, ${humanSize(size)}`,
  );
  const sums = `${counted(images.length, 'image')}, ${counted(blobs, 'blob')}, ${humanSize(bytes)}${state}`;
  return `${[...table, ...packed, sums].join('\n')}\n`;
}

function completeness({ complete, problem }: InspectedImage): string {
  return complete ? '' : `incomplete: ${problem ?? 'unknown reason'}`;
}
