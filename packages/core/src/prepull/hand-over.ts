import { copyBlobs } from '../handover/copy.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { BundleContext } from './bundle-context.ts';

/**
 * Copies blobs of the bundle to the handover location; does nothing when the bundle itself is that location.
 * The caller must not hold a slot of the pool.
 */
export async function handOver(context: BundleContext, ...descriptors: readonly Descriptor[]): Promise<void> {
  const { blobs, location, handover, pool, signal } = context;
  if (handover === undefined) return;
  await copyBlobs({
    from: blobs,
    fromLocation: location,
    to: handover.blobs,
    toLocation: handover.location,
    descriptors,
    pool,
    signal,
  });
}
