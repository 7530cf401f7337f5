import { verifyBundle, type BundleVerification } from '@drayage/core/bundle';
import { exitCodes } from '../exit-codes.ts';
import { startProgress } from '../output/progress.ts';
import { counted, humanSize } from '../output/quantities.ts';
import { openPackRootLister } from '../wiring/packing.ts';
import type { CommandContext } from '../command.ts';

/** `dray bundle verify`. */
export async function runBundleVerify({ config, host, signal }: CommandContext): Promise<number> {
  const progress = await startProgress(host);
  let verification: BundleVerification;
  try {
    verification = await verifyBundle(config.bundle, {
      signal,
      packRoots: openPackRootLister(host),
      onProgress: ({ blobs, blobsTotal, bytes }) => {
        progress.status(`verifying: ${blobs} of ${counted(blobsTotal, 'blob')}, ${humanSize(bytes)}`);
      },
    });
  } finally {
    progress.stop();
  }
  host.stdout.write(config.json ? `${JSON.stringify(verification)}\n` : verificationText(verification));
  return verification.ok ? exitCodes.done : exitCodes.notAvailable;
}

/** One line for each problem and for each pack that could not be looked into, and one that says what was checked. */
export function verificationText(verification: BundleVerification): string {
  const { images, blobs, bytes, problems, uncheckedPacks } = verification;
  const lines = problems.map(({ code, message, reference }) => {
    return `${code}  ${reference === undefined ? '' : `${reference}  `}${message}`;
  });
  const unchecked = uncheckedPacks.map(
    ({ pack, reason }) => `not checked  the root of pack ${pack}: ${reason}`,
  );
  const verdict = problems.length === 0 ? 'no problems' : counted(problems.length, 'problem');
  const checked = `${counted(images, 'image')}, ${counted(blobs, 'blob')}, ${humanSize(bytes)}`;
  return `${[...lines, ...unchecked, `${verdict}: ${checked} checked`].join('\n')}\n`;
}
