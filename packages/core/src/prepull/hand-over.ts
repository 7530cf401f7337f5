import { copyBlobs } from '../handover/copy.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { BundleContext } from './bundle-context.ts';

/** Copies a blob of the bundle to where it is handed over; does nothing where the bundle itself is the handover location. */
export async function handOver(context: BundleContext, descriptor: Descriptor): Promise<void> {
  if (context.handover === undefined) return;
  await copyBlobs({
    from: context.blobs,
    fromLocation: context.location,
    to: context.handover.blobs,
    toLocation: context.handover.location,
    descriptors: [descriptor],
    pool: context.pool,
    signal: context.signal,
  });
}
