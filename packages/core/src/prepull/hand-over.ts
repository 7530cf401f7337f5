import { copyBlobs } from '../handover/copy.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { BundleContext } from './bundle-context.ts';

/**
 * Copies blobs of the bundle to the handover location; does nothing when the bundle itself is that location.
 * The caller must not hold a slot of the pool.
 */
export async function handOver(context: BundleContext, ...descriptors: readonly Descriptor[]): Promise<void> {
  const { blobs, location, handover, origin, pool, emit, signal } = context;
  if (handover === undefined) return;
  const { blobsCopied, bytesCopied } = await copyBlobs({
    from: blobs,
    fromLocation: location,
    to: handover.blobs,
    toLocation: handover.location,
    descriptors,
    origin,
    pool,
    signal,
  });
  if (blobsCopied > 0) emit({ type: 'sent', blobs: blobsCopied, bytes: bytesCopied });
}
