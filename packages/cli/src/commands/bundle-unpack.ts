import { unpackBundle } from '@drayage/core/bundle';
import { exitCodes } from '../exit-codes.ts';
import { startProgress } from '../output/progress.ts';
import { counted, humanSize } from '../output/quantities.ts';
import { openPackAccess } from '../wiring/packing.ts';
import { trustedBundle } from '../wiring/trust.ts';
import type { CommandContext } from '../command.ts';

/** `dray bundle unpack`. */
export async function runBundleUnpack({ config, host, signal }: CommandContext): Promise<number> {
  const progress = await startProgress(host);
  try {
    const packs = openPackAccess(config, host);
    const unpacking = await unpackBundle(trustedBundle(config), {
      packs,
      onLayer: ({ reference, bytes }) => {
        progress.line(`${reference}  rebuilt a layer of ${humanSize(bytes)}`);
      },
      signal,
    });
    const { images, layers, bytes } = unpacking;
    const text = `${counted(images.length, 'image')} unpacked: ${counted(layers, 'layer')}, ${humanSize(bytes)}\n`;
    host.stdout.write(config.json ? `${JSON.stringify(unpacking)}\n` : text);
    return exitCodes.done;
  } finally {
    progress.stop();
  }
}
