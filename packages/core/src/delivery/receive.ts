import type { ByteStream } from '../blob-store.ts';
import { copyBlobs } from '../handover/copy.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { verifying } from '../store/verifying.ts';
import type { DeliveryRun } from './context.ts';

/** Copies missing blobs from the handover location to this node. `name` is the image, for events. */
export async function receive(
  context: DeliveryRun,
  name: string,
  descriptors: readonly Descriptor[],
): Promise<void> {
  const { handover, local, pool, signal } = context;
  if (handover.blobs === local.blobs) return;
  context.emit({ type: 'receiving', reference: name, bytes: totalSize(descriptors) });
  await copyBlobs({
    from: handover.blobs,
    fromLocation: handover.location,
    to: local.blobs,
    toLocation: local.location,
    descriptors,
    pool,
    signal,
  });
}

/** The verified bytes of a blob on this node. */
export async function openVerified(
  { local, signal }: DeliveryRun,
  descriptor: Descriptor,
): Promise<ByteStream> {
  const bytes = await local.blobs.open(descriptor, { signal });
  return verifying(bytes, descriptor, local.location);
}

/** Of all blobs together (bytes). */
export function totalSize(descriptors: readonly Descriptor[]): number {
  return descriptors.reduce((sum, { size }) => sum + size, 0);
}
